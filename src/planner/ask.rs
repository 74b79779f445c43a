//! What planning is given: the operator's text with inputs, and the world as far as it is known.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::model::catalogue::Catalogue;
use crate::model::settings::{EngineSettings, PolicySettings};

use super::diary::{Diary, Listener};
use super::index::Index;
use super::judge::Experience;
use super::matching::Phrases;
use super::template::Template;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    pub text: String,
    /// Values given beside the text (`--set name=value`), by parameter name.
    pub inputs: BTreeMap<String, String>,
}

impl Ask {
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), inputs: BTreeMap::new() }
    }
}

/// Group, tag, environment and exceptions as they were said -> the hosts that the inventory has for them, or why it cannot tell.
pub type Listing = dyn Fn(&BTreeMap<String, String>) -> Result<Vec<String>, String> + Send + Sync;

/// What knows which hosts are in a group now.
#[derive(Clone)]
pub struct Members(pub Arc<Listing>);

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Members")
    }
}

/// What the words of a catalogue and of templates mean; built once for them and shared.
#[derive(Clone, Debug)]
pub struct Words {
    index: Arc<Index>,
    phrases: Arc<Phrases>,
}

impl Words {
    pub fn of(catalogue: &Catalogue, templates: &[Template]) -> Self {
        Self { index: Arc::new(Index::of(catalogue)), phrases: Arc::new(Phrases::of(templates)) }
    }
}

/// Made anew for each look at the world; the words stay the same.
#[derive(Clone, Debug)]
pub struct World<'a> {
    pub catalogue: &'a Catalogue,
    pub templates: &'a [Template],
    /// Known hosts; `localhost` always is one.
    pub assets: &'a [String],
    pub policy: &'a PolicySettings,
    /// Stands in for a host that a read leaves out; `None` asks instead.
    pub default_host: Option<String>,
    /// `None`: only a step that runs can tell.
    pub members: Option<Members>,
    /// What past runs say; `None` where nothing ran or nothing shall count.
    pub experience: Option<&'a Experience>,
    /// Steps that run at once.
    pub slots: usize,
    pub(super) index: Arc<Index>,
    pub(super) phrases: Arc<Phrases>,
    pub(super) diary: Diary,
}

impl<'a> World<'a> {
    pub fn new(catalogue: &'a Catalogue, templates: &'a [Template], assets: &'a [String], policy: &'a PolicySettings) -> Self {
        Self::over(Words::of(catalogue, templates), catalogue, templates, assets, policy)
    }

    /// With the words of just this catalogue and these templates.
    pub fn over(
        words: Words,
        catalogue: &'a Catalogue,
        templates: &'a [Template],
        assets: &'a [String],
        policy: &'a PolicySettings,
    ) -> Self {
        Self {
            catalogue,
            templates,
            assets,
            policy,
            default_host: None,
            members: None,
            experience: None,
            slots: EngineSettings::default().slots as usize,
            index: words.index,
            phrases: words.phrases,
            diary: Diary::default(),
        }
    }

    pub fn with_experience(mut self, experience: &'a Experience) -> Self {
        self.experience = Some(experience);
        self
    }

    pub fn with_members(mut self, members: Members) -> Self {
        self.members = Some(members);
        self
    }

    /// Told what each stage does, as it does it.
    pub fn heard_by(mut self, listener: Listener) -> Self {
        self.diary = Diary::heard_by(listener);
        self
    }

    pub fn with_default_host(mut self, host: impl Into<String>) -> Self {
        self.default_host = Some(host.into());
        self
    }

    pub(super) fn is_asset(&self, name: &str) -> bool {
        name == "localhost" || self.assets.iter().any(|asset| asset == name)
    }

    /// Environments in which policy asks for no approval; a catalogue file may bring its own list.
    pub fn exempt_environments(&self) -> &[String] {
        self.catalogue.exempt_environments.as_deref().unwrap_or(&self.policy.exempt_environments)
    }
}
