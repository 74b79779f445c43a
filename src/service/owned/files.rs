//! Removal of the files of an approved list.

use super::call::{Call, Done};
use crate::model::failure::FailureClass;
use crate::service::builtin::param::broke;
use crate::service::files::clean;

pub fn clean(call: &mut Call<'_>) -> Done {
    clean::clean(call.params, call.protected, call.log).map_err(|why| broke(FailureClass::Unknown, why))
}
