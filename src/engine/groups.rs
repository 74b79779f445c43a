//! What is to be done on a group of hosts -> on the hosts that the inventory has in it now; over a list that is written -> on each
//! thing of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::model::catalogue::{Binding, Catalogue};
use crate::model::hole::is_literal;
use crate::model::plan::{Plan, PlanSource, Step};
use crate::model::problem::Problem;
use crate::model::settings::PolicySettings;
use crate::planner::{self, Limits, Members};
use crate::service::builtin::asset;
use crate::store::Inventory;

/// The builtin that reads the inventory.
const ASSET_LIST: &str = "asset_list";

/// `None`: no step of it goes over such a group.
pub fn spread(
    plan: &Plan,
    catalogue: &Catalogue,
    policy: &PolicySettings,
    inventory: Option<&Inventory>,
) -> Result<Option<Plan>, Vec<Problem>> {
    let known = |step: &Step| {
        let inventory = inventory?;
        let is_list = match catalogue.get(&step.operation)?.binding.as_ref()? {
            Binding::Builtin { name, .. } => name == ASSET_LIST,
            Binding::Command { .. } | Binding::Http { .. } | Binding::Job { .. } | Binding::Channel { .. } => false,
        };
        let is_told = step.params.values().all(|value| value.as_str().is_none_or(is_literal));
        (is_list && is_told).then(|| asset::names(&step.params, inventory).map_err(|failure| failure.detail))
    };
    let Some(wide) = planner::spread(plan, catalogue, known).map_err(|problem| vec![problem])? else { return Ok(None) };
    let limits = match plan.source {
        PlanSource::File { .. } | PlanSource::Template { .. } => Limits::file(policy),
        PlanSource::Intent | PlanSource::Model { .. } => Limits::generated(policy),
    };
    let problems = planner::validate(&wide, catalogue, limits);
    if problems.is_empty() { Ok(Some(wide)) } else { Err(problems) }
}

/// Who is in a group, for what is planned now.
pub fn members(inventory: Inventory) -> Members {
    Members(Arc::new(move |said| {
        let params: BTreeMap<String, Value> = said.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
        let listed = asset::names(&params, &inventory).map_err(|failure| failure.detail)?;
        let hosts = listed["hosts"].as_array().into_iter().flatten();
        Ok(hosts.filter_map(|host| host.as_str().map(str::to_owned)).collect())
    }))
}

/// The environment that the inventory has for all that the plan touches; an inventory that cannot be read says nothing.
pub fn settle_environment(plan: &mut Plan, catalogue: &Catalogue, policy: &PolicySettings, inventory: &Inventory) {
    let assets: BTreeMap<String, Option<String>> =
        inventory.all().unwrap_or_default().into_iter().map(|asset| (asset.name, asset.environment)).collect();
    let known = |name: &str| assets.get(name).cloned().flatten();
    planner::settle_environment(plan, catalogue, &policy.exempt_environments, known);
}
