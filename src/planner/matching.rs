//! A named workflow with parameters; read and matched by the next commit.
use super::ask::{Ask, World};
use super::compose::Stop;
use super::token::Token;
use crate::model::plan::Plan;
pub fn template(_ask: &Ask, _words: &[Token], _world: &World<'_>) -> Option<Result<Plan, Stop>> {
    None
}
