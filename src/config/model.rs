//! What `[llm]` must say as a whole: a model where one is asked, and a key that is a handle.

use super::Config;
use super::secrets::SecretHandle;
use crate::model::problem::Problem;
use crate::model::settings::LlmKind;

impl Config {
    /// Where the model's key stands; `None`: none is sent.
    pub fn llm_key(&self) -> Option<SecretHandle> {
        let key = &self.settings.llm.key;
        key.parse().ok().or_else(|| self.secrets.get(key).cloned())
    }

    pub(super) fn check_llm(&self, problems: &mut Vec<Problem>) {
        let llm = &self.settings.llm;
        let mut report = |key: &str, message: String| {
            let (origin, line) = self.place_of(key);
            problems.push(Problem::new(origin, "wrong_value", message).at(line, u32::from(line > 0)));
        };
        // The text is not repeated: somebody may have written the key itself.
        if !llm.key.is_empty() && self.llm_key().is_none() {
            report("llm.key", format!("`key` must be {}, or a name under [secrets]", super::secrets::WANTED));
        }
        if llm.kind != LlmKind::Off && llm.model.is_empty() {
            report("llm.kind", "[llm] needs `model`, the name of the model to ask".to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::*;

    fn load(text: &str) -> Result<Config, Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.toml");
        std::fs::write(&path, text).unwrap();
        let place = format!("{}/", folder.path().display());
        Config::load(Some(&path), &Environment::of(&[]))
            .map_err(|problems| problems.iter().map(|problem| format!("{problem}").replace(&place, "")).collect())
    }

    #[test]
    fn a_model_is_asked_only_when_all_is_said() {
        for (text, expected) in [
            ("kind = \"ollama\"", "c.toml:2: [llm] needs `model`"),
            ("kind = \"chatgpt\"", "c.toml:2: `kind` must be off, ollama or openai"),
            ("key = \"sk-abcdefgh\"", "c.toml:2: `key` must be `env:NAME`"),
            ("key = \"sk-proj-0123456789012345678901234567890123456789\"", "c.toml:2: `key` must be `env:NAME`"),
            ("url = \"http://me:pw@host/\"", "c.toml:2: `url` must be an address"),
            ("url = \"ftp://host/\"", "c.toml:2: `url` must be an address"),
            ("timeout = \"21s\"", "c.toml:2: `timeout` must be a span such as \"90s\", from 1s to 20s"),
            ("price_in = \"-1\"", "c.toml:2: `price_in` must be a price"),
            ("price_in = \"0.1234567\"", "c.toml:2: `price_in` must be a price"),
            ("extra = \"[1]\"", "c.toml:2: `extra` must be a JSON object"),
            ("modell = \"x\"", "c.toml:2: unknown key `modell` in [llm] (nearest: model)"),
        ] {
            let problems = load(&format!("[llm]\n{text}\n")).expect_err(expected);
            assert!(problems.len() == 1 && problems[0].starts_with(expected), "{problems:?} != {expected}");
            assert!(!problems[0].contains("sk-"), "a key may have been written here: {}", problems[0]);
        }
    }

    #[test]
    fn a_key_stands_behind_a_handle_or_a_named_secret() {
        for (key, secrets) in [("env:K", ""), ("k", "[secrets]\nk = \"env:K\"\n")] {
            let text = format!(
                "[llm]\nkind = \"openai\"\nmodel = \"m\"\nkey = \"{key}\"\nprice_in = \"0.15\"\nprice_out = 2\nextra = '{{\"a\":1}}'\n{secrets}"
            );
            let config = load(&text).expect("sound");
            assert_eq!(config.llm_key().map(|handle| handle.to_string()).as_deref(), Some("env:K"));
            assert!(config.handles().values().any(|handle| handle.to_string() == "env:K"), "it is redacted");
            assert_eq!((config.settings.llm.price_in, config.settings.llm.price_out), (150_000, 2_000_000));
        }
    }
}
