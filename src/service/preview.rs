//! Lists that are part of what is approved: read now, put into the steps they belong to.

use serde_json::Value;

use super::builtin::{self, World};
use super::listing;
use crate::model::action::Action;
use crate::model::plan::{Plan, Provenance};

/// Runs the preview of every step that has one. Reads only. A list that cannot be made leaves the plan unapprovable.
pub async fn preview(plan: &mut Plan, world: &World) -> Result<(), String> {
    for step in &mut plan.steps {
        let asked = listing::list(&mut step.action, &world.state_dir).await;
        if let Some(items) = asked.map_err(|why| format!("list what step {} would touch: {why}", step.id))? {
            step.params.insert("items".to_owned(), items);
            step.provenance.insert("items".to_owned(), Provenance::Preview);
        }
        let Action::Builtin { params, .. } = &mut step.action else {
            continue;
        };
        let Some(Value::String(name)) = params.get("preview").cloned() else {
            continue;
        };
        let shown = |why: String| format!("list what step {} would touch: {why}", step.id);
        if let Some((hole, _)) = params.iter().find(|(_, value)| value.to_string().contains("${")) {
            return Err(shown(format!("`{hole}` is known only when the run gets there")));
        }
        let mut found = builtin::call(&name, params.clone(), world).await.map_err(|failure| shown(failure.detail))?;
        let items = found.get_mut("items").map(Value::take).ok_or_else(|| shown(format!("{name} gave no list")))?;
        params.remove("preview");
        params.insert("items".to_owned(), items.clone());
        step.params.insert("items".to_owned(), items);
        step.provenance.insert("items".to_owned(), Provenance::Preview);
    }
    Ok(())
}
