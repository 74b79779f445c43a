//! Words that people say to the program itself, where it expects what is to be done.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meant {
    Help,
    Leave,
}

/// Only as the whole intent: `help web-3 recover` is about web-3.
pub fn for_us(intent: &str) -> Option<Meant> {
    match intent.trim().trim_start_matches(':').to_lowercase().as_str() {
        "help" | "?" | "usage" | "commands" | "man" => Some(Meant::Help),
        "exit" | "quit" | "bye" | "logout" | "q" => Some(Meant::Leave),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_intent() {
        for (intent, meant) in [
            ("help", Some(Meant::Help)),
            (" HELP\n", Some(Meant::Help)),
            (":q", Some(Meant::Leave)),
            ("exit", Some(Meant::Leave)),
            ("help web-3 recover", None),
            ("quit maintenance on web-3", None),
            ("", None),
        ] {
            assert_eq!(for_us(intent), meant, "{intent}");
        }
    }
}
