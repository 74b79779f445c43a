//! Intent, plan file or template -> a sealed plan that can be shown, approved and submitted.
//!
//! planner (pure) -> bind -> preview (reads) -> approval marks -> digest. Nothing is started here.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::groups;
use super::past::Past;
use super::proposing::Model;
use super::telling::{Tell, Told};
use super::template_files::templates;
use crate::insight::forecast;
use crate::model::action::Action;
use crate::model::catalogue::{Binding, Catalogue, Job};
use crate::model::ids::StepId;
use crate::model::outcome::PlanOutcome;
use crate::model::plan::Plan;
use crate::model::problem::Problem;
use crate::model::settings::{PolicySettings, SshSettings};
use crate::model::why::Thought;
use crate::planner::{self, Ask, Experience, Format, Template, Words, World, catalogue_file, plan_file, template};
use crate::policy::digest::seal;
use crate::policy::rule::mark_approvals;
use crate::service::bind::Ssh;
use crate::service::{self, manifest};
use crate::store::{Filter, Inventory};
use crate::text::redact::Redactor;

/// Largest plan file, in bytes; more is refused before it is read.
const FILE_CAP: u64 = 16 << 20;

pub(super) const HOLDS_SECRET: &str = "it holds the value of a configured secret";
const NAME_HANDLE: &str = "let a binding name the secret's handle instead";

/// Values that no plan may carry.
#[derive(Clone, Default)]
pub(super) struct Hidden(Option<Redactor>);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden")
    }
}

impl Hidden {
    pub(super) fn is_in(&self, text: &str) -> bool {
        self.0.as_ref().is_some_and(|secrets| secrets.redact(text) != text)
    }

    fn is_within(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.is_in(text),
            Value::Array(items) => items.iter().any(|item| self.is_within(item)),
            Value::Object(map) => map.iter().any(|(key, item)| self.is_in(key) || self.is_within(item)),
            Value::Number(number) => self.is_in(&number.to_string()),
            Value::Null | Value::Bool(_) => false,
        }
    }

    /// Looked at text by text: escapes of a file could hide it.
    fn refuse(&self, plan: &Plan) -> Result<(), Vec<Problem>> {
        let holds = |value: &Value| self.is_within(value);
        if self.0.is_none() || !serde_json::to_value(plan).is_ok_and(|value| holds(&value)) {
            return Ok(());
        }
        let in_step = plan.steps.iter().find(|step| serde_json::to_value(step).is_ok_and(|value| holds(&value)));
        let place = in_step.map_or_else(String::new, |step| format!("step {}: ", step.id));
        Err(vec![Problem::new("plan", "secret_in_plan", format!("{place}{HOLDS_SECRET}")).help(NAME_HANDLE)])
    }
}

/// Where experience comes from.
#[derive(Clone, Debug)]
enum Learned {
    Nothing,
    Fixed(Arc<Experience>),
    /// Looked at for each plan: runs that finished since count.
    Journal(Past),
}

/// What is looked up for each plan anew.
#[derive(Debug)]
pub struct Known {
    /// Hosts, the own one first.
    pub assets: Vec<String>,
    experience: Option<Arc<Experience>>,
}

/// Everything that planning knows; made once and asked often.
#[derive(Clone, Debug)]
pub struct Planning {
    pub catalogue: Catalogue,
    pub templates: Vec<Template>,
    /// What their words mean, from the first text on.
    words: OnceLock<Words>,
    inventory: Option<Inventory>,
    pub(super) hidden: Hidden,
    pub(super) model: Option<Model>,
    policy: PolicySettings,
    ssh: SshSettings,
    default_host: Option<String>,
    experience: Learned,
}

impl Planning {
    /// Built-in manifests and templates, the user's own (`services/`, `templates/` in `config_dir`) over them.
    pub fn load(config_dir: Option<&Path>, policy: &PolicySettings) -> Result<Self, Vec<Problem>> {
        let services = config_dir.map(|dir| dir.join("services"));
        let catalogue = manifest::load(services.as_deref())?;
        let templates = templates(config_dir.map(|dir| dir.join("templates")).as_deref())?;
        Ok(Self {
            catalogue,
            templates,
            words: OnceLock::new(),
            inventory: None,
            hidden: Hidden::default(),
            model: None,
            policy: policy.clone(),
            ssh: SshSettings::default(),
            default_host: Some("localhost".to_owned()),
            experience: Learned::Nothing,
        })
    }

    /// Plans against exactly this catalogue: no manifest, no template, no host that was not named.
    pub fn against(catalogue_path: &Path, policy: &PolicySettings) -> Result<Self, Vec<Problem>> {
        let text = read(catalogue_path).map_err(|problem| vec![problem])?;
        let catalogue = catalogue_file::parse(&catalogue_path.to_string_lossy(), &text)?;
        Ok(Self {
            catalogue,
            templates: Vec::new(),
            words: OnceLock::new(),
            inventory: None,
            hidden: Hidden::default(),
            model: None,
            policy: policy.clone(),
            ssh: SshSettings::default(),
            default_host: None,
            experience: Learned::Nothing,
        })
    }

    /// Hosts of this inventory are known by their names.
    pub fn with_inventory(mut self, inventory: Inventory) -> Self {
        self.inventory = Some(inventory);
        self
    }

    /// No plan may carry the value of one of these: it would stand in the journal for ever.
    pub fn without(mut self, secrets: Redactor) -> Self {
        self.hidden = Hidden(Some(secrets));
        self
    }

    /// What runs teach that nobody adds to, such as a file of lines: it proposes beside the words.
    pub fn with_experience(mut self, experience: Experience) -> Self {
        self.experience = Learned::Fixed(Arc::new(experience));
        self
    }

    /// What the runs of a journal teach, those that are still to finish included.
    pub fn with_past(mut self, past: Past) -> Self {
        self.experience = Learned::Journal(past);
        self
    }

    /// What is learned so far.
    pub fn experience(&self) -> Option<Arc<Experience>> {
        match &self.experience {
            Learned::Nothing => None,
            Learned::Fixed(experience) => Some(Arc::clone(experience)),
            Learned::Journal(past) => Some(past.experience()),
        }
    }

    /// How other machines are reached.
    pub fn with_ssh(mut self, settings: SshSettings) -> Self {
        self.ssh = settings;
        self
    }

    /// What the configuration says of jobs and channels.
    pub fn with_bound(mut self, jobs: BTreeMap<String, Job>, channels: BTreeMap<String, Binding>) -> Self {
        (self.catalogue.jobs, self.catalogue.channels) = (jobs, channels);
        self.words = OnceLock::new();
        self
    }

    /// What is known at this moment: a journal and an inventory are read for it.
    pub fn known(&self) -> Known {
        Known { assets: self.assets(), experience: self.experience() }
    }

    /// Known hosts, read anew: what was imported since counts. An inventory that cannot be read is as good as none.
    fn assets(&self) -> Vec<String> {
        let Some(default) = &self.default_host else { return Vec::new() };
        let listed = self.inventory.as_ref().map(|inventory| inventory.list(&Filter::hosts()));
        let listed = listed.transpose().unwrap_or_else(|error| {
            tracing::warn!("could not {error}");
            None
        });
        let others = listed.into_iter().flatten().map(|asset| asset.name).filter(|name| name != default);
        std::iter::once(default.clone()).chain(others).collect()
    }

    pub fn world<'a>(&'a self, known: &'a Known) -> World<'a> {
        let words = self.words.get_or_init(|| Words::of(&self.catalogue, &self.templates)).clone();
        let world = World::over(words, &self.catalogue, &self.templates, &known.assets, &self.policy);
        let world = match &known.experience {
            Some(experience) => world.with_experience(experience),
            None => world,
        };
        let world = match &self.inventory {
            Some(inventory) => world.with_members(groups::members(inventory.clone())),
            None => world,
        };
        match &self.default_host {
            Some(host) => world.with_default_host(host.clone()),
            None => world,
        }
    }

    /// The same, with what each stage thinks told to somebody.
    pub(super) fn world_aloud<'a>(&'a self, known: &'a Known, tell: &Tell) -> World<'a> {
        let tell = tell.clone();
        let hear = move |thought: &Thought| tell.say(Told::Thought(thought.clone()));
        self.world(known).heard_by(planner::Listener(Arc::new(hear)))
    }

    pub fn ask(&self, ask: &Ask) -> PlanOutcome {
        self.explain(ask, &Tell::nobody()).0
    }

    /// With what was thought, also where no plan came of it.
    pub fn explain(&self, ask: &Ask, tell: &Tell) -> (PlanOutcome, Vec<Thought>) {
        planner::explain(ask, &self.world_aloud(&self.known(), tell))
    }

    pub fn file(&self, path: &Path, inputs: &BTreeMap<String, String>) -> Result<Plan, Vec<Problem>> {
        let text = read(path).map_err(|problem| vec![problem])?;
        let format = if path.extension().is_some_and(|one| one.eq_ignore_ascii_case("toml")) { Format::Toml } else { Format::Json };
        plan_file::check(&path.to_string_lossy(), &text, format, inputs, &self.catalogue, &self.policy)
    }

    /// One operation as a plan of one step, checked as a plan file is.
    pub fn single(&self, operation: &str, params: &BTreeMap<String, String>) -> Result<Plan, Vec<Problem>> {
        planner::single(operation, params, &self.catalogue, &self.policy)
    }

    pub fn template(&self, name: &str, inputs: &BTreeMap<String, String>) -> Result<Plan, Vec<Problem>> {
        let known = self.templates.iter().map(|one| one.name.as_str());
        let Some(found) = self.templates.iter().find(|one| one.name == name) else {
            let help = planner::near::hint(name, known);
            return Err(vec![Problem::new(name.to_owned(), "template", format!("there is no template `{name}`")).help(help)]);
        };
        template::instantiate(found, inputs, &self.catalogue, &self.policy)
    }

    /// The next revision of a plan: one step with other parameters, bound and previewed anew, the others as they are.
    pub async fn revise(&self, plan: &Plan, step: &StepId, set: &BTreeMap<String, String>) -> Result<Plan, Vec<Problem>> {
        let mut next = planner::revise(plan, step, set, &self.catalogue, &self.policy)?;
        let Some(ix) = next.ix(step) else { return Ok(next) };
        let alone = Plan { steps: vec![next.step(ix).clone()], ..next.clone() };
        let alone = self.prepare(alone).await?;
        next.steps[ix.at()] = alone.steps.into_iter().next().unwrap_or_else(|| next.step(ix).clone());
        next.steps[ix.at()].approval |= plan.step(ix).approval;
        next.approval_required = next.steps.iter().any(|step| step.approval);
        seal(&mut next);
        Ok(next)
    }

    /// Binds, previews, marks and seals. What cannot be bound stays in the plan and says what would bind it.
    pub async fn prepare(&self, mut plan: Plan) -> Result<Plan, Vec<Problem>> {
        self.hidden.refuse(&plan)?;
        if let Some(wide) = groups::spread(&plan, &self.catalogue, &self.policy, self.inventory.as_ref())? {
            plan = wide;
            self.foretell(&mut plan);
        }
        planner::for_each_later(&mut plan, &self.catalogue, &self.policy);
        let problems = service::bind_over(&mut plan, &self.catalogue, &Ssh::new(&self.ssh, self.inventory.clone()));
        if !problems.is_empty() {
            return Err(problems);
        }
        let world = self.inventory.as_ref().map(service::builtin::World::from).unwrap_or_default();
        if let Err(why) = service::preview(&mut plan, &world).await {
            return Err(vec![Problem::new("plan".to_owned(), "preview", format!("could not {why}"))]);
        }
        let policy = match &self.catalogue.exempt_environments {
            Some(exempt) => PolicySettings { exempt_environments: exempt.clone(), ..self.policy.clone() },
            None => self.policy.clone(),
        };
        if let Some(known) = &self.inventory {
            groups::settle_environment(&mut plan, &self.catalogue, &policy, known);
        }
        mark_approvals(&mut plan, &policy);
        seal(&mut plan);
        Ok(plan)
    }

    /// What was told of one step for all hosts says nothing of many, one host after the other.
    fn foretell(&self, plan: &mut Plan) {
        if plan.why.forecast.is_some() {
            let experience = self.experience().unwrap_or_default();
            plan.why.forecast = Some(forecast(plan, &experience.history, &self.catalogue));
        }
    }

    /// The whole way for an intent; trouble with binding is a refusal with its reasons.
    pub async fn plan_intent(&self, ask: &Ask) -> PlanOutcome {
        self.plan_aloud(ask, &Tell::nobody()).await.0
    }

    /// The same, told while it goes on, with what was thought also where no plan came of it.
    pub async fn plan_aloud(&self, ask: &Ask, tell: &Tell) -> (PlanOutcome, Vec<Thought>) {
        let (outcome, thinking) = match self.refused(ask) {
            Some(refused) => return (refused, Vec::new()),
            None => self.explain(ask, tell),
        };
        let PlanOutcome::Plan { plan, .. } = outcome else { return (outcome, thinking) };
        let outcome = match self.prepare(*plan).await {
            Ok(plan) => PlanOutcome::Plan { approval_required: plan.approval_required, plan: Box::new(plan) },
            Err(problems) => {
                let reason = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
                PlanOutcome::Refuse { reason, nearest: Vec::new() }
            }
        };
        (outcome, thinking)
    }

    /// A text that holds what no plan may carry.
    fn refused(&self, ask: &Ask) -> Option<PlanOutcome> {
        if self.hidden.is_in(&ask.text) || ask.inputs.values().any(|value| self.hidden.is_in(value)) {
            return Some(PlanOutcome::Refuse { reason: format!("{HOLDS_SECRET}; {NAME_HANDLE}"), nearest: Vec::new() });
        }
        None
    }
}

/// What `ouioe check` finds in the manifests and templates: every fault, not only the first file's.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    pub operations: usize,
    pub templates: usize,
    /// Files of the user's own.
    pub service_files: usize,
    pub template_files: usize,
    pub problems: Vec<Problem>,
}

pub fn check(config_dir: Option<&Path>) -> Checked {
    let (services, own) = (config_dir.map(|dir| dir.join("services")), config_dir.map(|dir| dir.join("templates")));
    let count = |dir: Option<&Path>| dir.and_then(|dir| manifest::toml_files(dir).ok()).unwrap_or_default().len();
    let mut found = Checked { service_files: count(services.as_deref()), template_files: count(own.as_deref()), ..Checked::default() };
    let catalogue = manifest::load(services.as_deref()).map_err(|problems| found.problems.extend(problems)).ok();
    let templates = templates(own.as_deref()).map_err(|problems| found.problems.extend(problems)).unwrap_or_default();
    found.templates = templates.len();
    let Some(catalogue) = catalogue else { return found };
    found.operations = catalogue.len();
    for template in &templates {
        found.problems.extend(template::check(template, &catalogue, &PolicySettings::default()));
    }
    found
}

/// The first step that has no binding, with what would bind it.
pub fn unbound(plan: &Plan) -> Option<(&str, &str)> {
    plan.steps.iter().find_map(|step| match &step.action {
        Action::Unbound { hint } => Some((step.id.as_str(), hint.as_str())),
        Action::Builtin { .. } | Action::Command { .. } | Action::Ssh { .. } => None,
    })
}

/// A regular file of bounded size, as UTF-8.
pub fn read(path: &Path) -> Result<String, Problem> {
    let trouble = |why: String, help: &str| Problem::new(path.to_string_lossy().into_owned(), "file", why).help(help.to_owned());
    let unreadable = |error: std::io::Error| trouble(format!("could not read it: {error}"), "check the path and its permissions");
    let about = fs::metadata(path).map_err(unreadable)?;
    if !about.is_file() {
        return Err(trouble("is not a regular file".to_owned(), "name a file"));
    }
    if about.len() > FILE_CAP {
        return Err(trouble(format!("has {} bytes, more than the {FILE_CAP} allowed", about.len()), "split it"));
    }
    let mut bytes = Vec::new();
    File::open(path).map_err(unreadable)?.take(FILE_CAP + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    let not_text = |error: std::string::FromUtf8Error| {
        trouble(format!("is not UTF-8 from byte {}", error.utf8_error().valid_up_to()), "save it as UTF-8")
    };
    let text = String::from_utf8(bytes).map_err(not_text)?;
    // Some editors begin a file with a mark of its encoding.
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}
