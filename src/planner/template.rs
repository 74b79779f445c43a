//! A named workflow with parameters; read and matched by the next commit.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    pub name: String,
}
