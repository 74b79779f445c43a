//! How a clause speaks: whether it asks, looks or orders, and by which verb. What does not suit that is no choice.

use crate::model::catalogue::{EffectClass, Operation, ParamType};

use super::index::Index;
use super::score::Query;
use super::segment::is_outcome;
use super::slots::Bound;
use super::token::{Kind, Token};
use super::words::{is_determiner, is_function, stem};

/// Words that ask and order nothing, where a clause begins.
const ASKING: &[&str] =
    &["what", "which", "who", "whose", "how", "why", "when", "where", "is", "are", "was", "were", "does", "did", "has", "will", "isn't"];

/// Words that want to see something, where a clause begins.
const SHOWING: &[&str] = &["show", "list", "display", "view", "print", "see"];

/// Verbs that look closely, wherever they stand as the verb.
const INSPECTING: &[&str] = &["check", "verify", "inspect", "examine", "confirm", "validate", "review", "investigate", "ensure"];

/// How a clause speaks: as a question, or by a verb that says what to do.
pub(super) struct Speech {
    is_question: bool,
    /// It opens with a word that only looks, such as "show".
    looks: bool,
    /// It tells how something went: "the renewal of x failed".
    reports: bool,
    /// Its verb is one of looking closely, such as "check".
    inspects: bool,
    asks_who: bool,
    /// What they do.
    doing: Vec<String>,
    /// "who uses x": whoever does is asked for.
    pub(super) asks_users: bool,
    /// Place of a verb that opens the clause and means something by itself.
    verb: Option<usize>,
    place: Option<usize>,
    /// Place of a verb that runs something.
    runs: Option<usize>,
    /// A time of day or a date is said.
    timed: bool,
    /// It has no verb and begins with machines: "hosts with the tag x".
    names_machines: bool,
    /// "which containers": the noun that is asked for, where the catalogue knows it.
    asked: Option<usize>,
    /// "backup job status": nouns, and the last of them is how something is.
    heads_status: bool,
    /// Places of the words that do not say how something is: "port 80 open" orders nothing.
    plain: Vec<usize>,
    /// What it runs is a command, in quotes or said to be one.
    runs_text: bool,
    /// It opens with a verb of setting, whatever it sets.
    sets: bool,
    /// "run it again": what was spoken of.
    runs_it: bool,
    /// It asks what holds something.
    asks_holder: bool,
    /// Stems of the verb; "turn-off" of "turn x off".
    pub(super) said: Vec<String>,
}

impl Speech {
    pub(super) fn of(tokens: &[Token], index: &Index) -> Self {
        let opening = tokens.iter().find(|token| !token.is_one_of(&["and", "so", "hey", "hi", "please", "pls", "ok", "but", "also"]));
        let place = index.verb_place(tokens);
        let verb = place.filter(|at| {
            let low = tokens[*at].low.as_str();
            let plain = index.looks.contains(low) || index.light.contains(low) || Index::is_carrier(low);
            let opens = tokens[..*at].iter().all(|token| is_function(&token.low) && !token.is_value());
            index.verbs.contains(low) && opens && !plain
        });
        let verb = verb.or_else(|| strange_verb(tokens, index)).map(|at| done(tokens, at, index));
        Self {
            is_question: opening.is_some_and(|token| token.is_one_of(ASKING)),
            looks: opening.is_some_and(|token| token.is_one_of(SHOWING)),
            reports: place.is_none_or(|at| at + 1 == tokens.len())
                && tokens.last().is_some_and(|last| {
                    last.is_one_of(&[
                        "failed",
                        "fails",
                        "crashed",
                        "died",
                        "broke",
                        "succeeded",
                        "finished",
                        "completed",
                        "hangs",
                        "hung",
                        "stalled",
                    ])
                }),
            inspects: place.is_some_and(|at| {
                let sure = tokens[at].is("make") && tokens.get(at + 1).is_some_and(|next| next.is("sure"));
                sure || tokens[at].is_one_of(INSPECTING)
            }),
            asks_who: opening.is_some_and(|token| token.is("who")) && !tokens.iter().any(|token| token.is_one_of(CONSUMING)),
            doing: tokens.iter().map(|token| stem(&token.low)).filter(|stem| stem.len() > 3).collect(),
            asks_users: opening.is_some_and(|token| token.is_one_of(&["who", "what"]))
                && tokens.iter().any(|token| token.is_one_of(CONSUMING)),
            verb,
            said: place.or_else(|| turned(tokens)).map_or_else(Vec::new, |at| said_verbs(tokens, at)),
            asked: asked(tokens, index),
            heads_status: Index::heads_status(tokens),
            plain: (0..tokens.len())
                .filter(|at| Some(*at) == place || !is_outcome(&tokens[*at]) || tokens[*at].low.ends_with("ed"))
                .collect(),
            asks_holder: asks_holder(tokens),
            sets: opening.is_some_and(|token| token.is_one_of(&["set", "put", "change", "switch", "turn"])),
            place,
            runs: place.filter(|at| tokens[*at].is_one_of(RUNNING)),
            timed: tokens.iter().any(|token| token.kind == Kind::Datetime),
            names_machines: place.is_none()
                && opening.is_some_and(|token| index.is_machine(&token.low))
                && !tokens.iter().any(|token| token.is_one_of(&["should", "must", "be", "been", "needs", "need", "to"]))
                && !tokens.get(1).is_some_and(|token| token.kind == Kind::Ident),
            runs_it: place.is_some_and(|at| tokens.get(at + 1).is_some_and(|next| next.is_one_of(&["it", "them"]))),
            runs_text: place.is_some_and(|at| runs_text(tokens, at)),
        }
    }

    /// Nothing is changed that was not ordered, a person is no machine, and a verb is not passed over.
    pub(super) fn suits(&self, operation: &Operation, at: usize, query: &Query, index: &Index) -> bool {
        if self.said.iter().any(|stem| index.is_against(stem, at)) {
            return false;
        }
        if self.asked.is_some_and(|noun| !query.explains(at, noun, index)) {
            return false;
        }
        let changes = operation.effect != EffectClass::Read;
        if changes && (self.heads_status || self.names_machines || self.reports) {
            return false;
        }
        let tells_holder =
            || ["process", "program", "owner", "listen", "client"].iter().any(|word| operation.summary.to_lowercase().contains(word));
        // "set x to y": what is shown instead is no answer.
        if !changes && self.sets {
            return false;
        }
        // "set the env of x": what is set has to be a word of the operation.
        let sets = self.sets && self.said.first().is_some_and(|verb| ["set", "chang"].contains(&verb.as_str()));
        if changes && sets && !self.plain.iter().any(|word| Some(*word) != self.place && query.explains(at, *word, index)) {
            return false;
        }
        if self.asks_holder && operation.params.iter().any(|param| param.kind == ParamType::Port) && !tells_holder() {
            return false;
        }
        if self.runs_text && operation.param(COMMAND).is_none() {
            return false;
        }
        // "run sleep 30": neither a job nor a check is named.
        if !self.runs_text && !self.runs_it && self.runs.is_some_and(|verb| !query.speaks_beside(at, verb, index)) {
            return false;
        }
        // "run x" starts x, now or at a time, and is no other change.
        let timed = self.timed && operation.params.iter().any(|param| param.kind == ParamType::Datetime);
        if changes && !timed && self.runs.is_some_and(|verb| !query.leads(at, verb, index)) {
            return false;
        }
        if changes && self.inspects && self.said.iter().all(|stem| index.led_by(stem).is_none_or(|led| !led.contains(&at))) {
            return false;
        }
        let ordered = !changes
            || (!self.is_question
                && !self.looks
                && (operation.low_risk && self.plain.iter().any(|word| query.explains(at, *word, index))
                    || query.orders(at, index)
                    || self.verb.is_some_and(|verb| query.leads(at, verb, index))));
        let names_people = || PEOPLE.iter().any(|word| operation.summary.to_lowercase().contains(word));
        let turned = |verb: &String| verb.starts_with("turn-") && index.led_by(verb).is_some_and(|led| led.contains(&at));
        let ordered = ordered || (timed && self.runs.is_some()) || self.said.iter().any(turned);
        // "Who went through a door", "consumers": it answers the question itself.
        let told = || {
            let summary = operation.summary.to_lowercase();
            let does = |word: &str| {
                let agent = word.ends_with("ers") || word.ends_with("er");
                agent && self.doing.iter().any(|verb| word.len() > verb.len() && word.starts_with(verb.as_str()))
            };
            summary.starts_with("who") || summary.split_whitespace().chain(operation.verb().split('_')).any(does)
        };
        let person = !self.asks_who || told() || operation.aliases.iter().any(|alias| alias.starts_with("who ")) || names_people();
        ordered && person && self.verb.is_none_or(|verb| self.is_question || self.is_meant(verb, at, changes, query, index))
    }

    /// The clause opens with the very name of the operation, and no other is led by the word.
    pub(super) fn is_called(&self, operation: usize, tokens: &[Token], index: &Index) -> bool {
        self.verb.is_some_and(|verb| {
            let said = stem(&tokens[verb].low);
            let alone = index.led_by(&said).is_some_and(|led| led.len() == 1 && led.contains(&operation));
            alone && said == stem(index.operations[operation].verb())
        })
    }

    /// "clear the screen": a verb that many things take, and nothing that says it is this thing.
    pub(super) fn is_vague(&self, operation: &Operation, at: usize, query: &Query, bound: &Bound, tokens: &[Token], index: &Index) -> bool {
        let Some(verb) = self.place.filter(|verb| tokens[*verb].is_one_of(VAGUE)) else { return false };
        let typed = |place: usize| bound.used[place] && !matches!(tokens[place].kind, Kind::Word | Kind::Ident | Kind::Int(_));
        let object = tokens[verb + 1..]
            .iter()
            .any(|token| token.kind == Kind::Word && (!is_function(&token.low) || token.is_one_of(&["everything", "all"])));
        operation.effect != EffectClass::Read
            && object
            && !query.speaks_beside(at, verb, index)
            && !(0..tokens.len()).any(typed)
            && bound.group.is_none()
            && (bound.values.len() < 2 || tokens[verb].is("set"))
    }

    /// The operation explains the verb; a read is never what a verb of changing asks for.
    fn is_meant(&self, verb: usize, operation: usize, changes: bool, query: &Query, index: &Index) -> bool {
        let changing = |one: &usize| index.operations[*one].effect != EffectClass::Read;
        let orders_change = || self.said.iter().filter_map(|stem| index.led_by(stem)).flatten().any(changing);
        query.explains(operation, verb, index) && (changes || query.leads(operation, verb, index) || !orders_change())
    }
}

/// Verbs that say little without what they are done to.
const VAGUE: &[&str] = &[
    "clear", "open", "close", "set", "put", "add", "remove", "delete", "create", "make", "end", "change", "update", "move", "do", "take",
    "bring", "write", "print", "erase", "lift", "raise", "cut", "drop", "free", "empty", "fix",
];

fn asked(tokens: &[Token], index: &Index) -> Option<usize> {
    let noun = tokens.get(1).filter(|token| {
        token.kind == Kind::Word && token.low.ends_with('s') && !token.low.ends_with("ss") && index.knows(&stem(&token.low))
    })?;
    let means = !is_function(&noun.low) && !index.is_machine(&noun.low) && !noun.owner;
    (tokens[0].is_one_of(&["which", "what"]) && means).then_some(1)
}

/// Verbs that run something.
const RUNNING: &[&str] = &["run", "execute", "exec"];

/// The parameter that takes a free command.
const COMMAND: &str = "command";

/// `run "x"`, `run the command x`: the text is a command.
pub fn runs_text(tokens: &[Token], verb: usize) -> bool {
    let led = |token: &&Token| token.is_one_of(&["the", "a", "this", "following", "shell"]);
    let skip = tokens[verb + 1..].iter().take_while(led).count();
    if !tokens[verb].is_one_of(RUNNING) {
        return false;
    }
    if skip == 0 && is_program(&tokens[verb + 1..]) {
        return true;
    }
    tokens.get(verb + 1 + skip).is_some_and(|next| next.kind == Kind::Quoted || next.is_one_of(&[COMMAND, "cmd"]))
}

/// "run sleep 30", "run date": programs that every machine has, said with what they are given or by themselves.
pub fn is_program(rest: &[Token]) -> bool {
    let [first, rest @ ..] = rest else { return false };
    let given = rest.first().is_some_and(|next| matches!(next.kind, Kind::Int(_) | Kind::Path | Kind::Duration | Kind::Quoted));
    let alone = rest.first().is_none_or(|next| next.is_one_of(&["on", "at", "and", "then"]) || matches!(next.kind, Kind::Mark(_)));
    first.is_one_of(PROGRAMS) && given
        || first.is_one_of(&["date", "whoami", "hostname", "uname", "id", "who", "w", "env", "true", "sync"]) && alone
}

const PROGRAMS: &[&str] = &[
    "sleep", "ls", "stat", "head", "tail", "wc", "du", "df", "file", "find", "sort", "touch", "mkdir", "test", "date", "seq", "kill", "ps",
    "free", "ss", "ip",
];

/// A program by its name: what runs it is a command, and no job is called so.
pub fn is_known_program(low: &str) -> bool {
    PROGRAMS.contains(&low) || SHELLS.contains(&low)
}

const SHELLS: &[&str] = &[
    "uptime",
    "htop",
    "top",
    "apt",
    "yum",
    "dnf",
    "brew",
    "pip",
    "npm",
    "curl",
    "wget",
    "rm",
    "dd",
    "mkfs",
    "fsck",
    "bash",
    "sh",
    "zsh",
    "python",
    "perl",
    "ruby",
    "node",
    "php",
    "java",
    "make",
    "docker",
    "podman",
    "kubectl",
    "helm",
    "systemctl",
    "service",
    "git",
    "terraform",
    "ansible",
    "cat",
    "less",
    "grep",
    "awk",
    "sed",
    "tar",
    "zip",
    "unzip",
    "chmod",
    "chown",
    "chroot",
    "crontab",
    "vi",
    "vim",
    "nano",
    "mysql",
    "psql",
    "sqlite",
    "mongo",
    "redis",
    "ping",
    "iostat",
    "vmstat",
    "netstat",
    "lsof",
    "strace",
    "tcpdump",
    "nmap",
    "dig",
    "nslookup",
    "ssh",
    "scp",
    "rsync",
    "sudo",
    "su",
    "nc",
    "telnet",
    "mount",
    "umount",
    "iptables",
    "ufw",
    "useradd",
    "passwd",
    "echo",
    "printf",
    "xargs",
    "tee",
    "watch",
    "whoami",
    "hostname",
    "uname",
    "it",
    "them",
    "that",
    "this",
    "something",
    "everything",
    "anything",
];

/// "what is using port 80" asks for a process; whether the port answers is no reply.
pub fn asks_holder(tokens: &[Token]) -> bool {
    let opening = tokens.iter().find(|token| token.kind != Kind::Word || !is_determiner(&token.low));
    opening.is_some_and(|token| token.is_one_of(&["what", "who", "which"]))
        && tokens.iter().any(|token| {
            token.is_one_of(CONSUMING)
                || token.is_one_of(&["listening", "listens", "holds", "holding", "owns", "bound", "occupies", "blocking"])
        })
}

/// "who uses the most memory" asks for processes.
const CONSUMING: &[&str] = &["uses", "eats", "hogs", "takes", "consumes", "using", "eating", "hogging"];

/// Who can be asked for by "who".
const PEOPLE: &[&str] =
    &["owner", "owning", "team", "person", "contact", "user", "member", "client", "people", "account", "author", "session"];

/// Verbs that leave it to a noun what is done: "fire a POST", "initiate a failover".
const DOING: &[&str] = &[
    "fire", "issue", "send", "initiate", "trigger", "start", "carry", "conduct", "request", "schedule", "kick", "launch", "submit",
    "force", "do", "drop", "leave", "shoot", "place", "make",
];

/// The noun that says what is done, where the verb only says that something is.
fn done(tokens: &[Token], verb: usize, index: &Index) -> usize {
    let article = |at: usize| tokens.get(at).is_some_and(|token| token.is_one_of(&["a", "an", "off", "out", "another", "new"]));
    let mut noun = verb + 1;
    while article(noun) {
        noun += 1;
    }
    let tells = |at: usize| {
        tokens.get(at).is_some_and(|token| {
            token.kind == Kind::Word && (index.led_by(&stem(&token.low)).is_some() || index.is_like_lead(&stem(&token.low)))
        })
    };
    // "force a log rotation": the last of two nouns.
    let found = [noun + 1, noun].into_iter().find(|at| tells(*at));
    found.filter(|_| noun > verb + 1 && tokens[verb].is_one_of(DOING)).unwrap_or(verb)
}

/// "defrost the freezer": nobody knows the word, and it stands where a verb stands.
fn strange_verb(tokens: &[Token], index: &Index) -> Option<usize> {
    let at = tokens.iter().position(|token| !(token.kind == Kind::Word && is_function(&token.low)))?;
    let word = &tokens[at];
    let low = word.low.as_str();
    let plain =
        index.looks.contains(low) || index.light.contains(low) || Index::is_carrier(low) || index.is_machine(low) || index.is_verb(low);
    let object = tokens.get(at + 1).is_some_and(|next| next.kind == Kind::Word && is_determiner(&next.low));
    (at == 0 && word.kind == Kind::Word && !plain && !word.owner && object).then_some(at)
}

/// "x should be turned on".
fn turned(tokens: &[Token]) -> Option<usize> {
    tokens.iter().position(|token| token.is_one_of(&["turned", "switched"]))
}

/// "turn on x", "turn x on y off": right behind the verb, or where it leads no place.
fn particle(behind: &[Token]) -> Option<&str> {
    let is = |token: &Token| token.is_one_of(&["on", "off"]);
    if let Some(first) = behind.first().filter(|first| is(first)) {
        return Some(&first.low);
    }
    let places = |next: &Token| next.is_value() || is_determiner(&next.low) || next.kind == Kind::Word && !is_function(&next.low);
    let free = (0..behind.len()).find(|at| is(&behind[*at]) && !behind.get(at + 1).is_some_and(places));
    free.or_else(|| behind.iter().position(is)).map(|at| behind[at].low.as_str())
}

fn said_verbs(tokens: &[Token], verb: usize) -> Vec<String> {
    let mut said = vec![stem(&tokens[verb].low)];
    let window = &tokens[verb + 1..tokens.len().min(verb + 8)];
    // "take x out of y".
    if tokens[verb].is_one_of(&["take", "pull", "get", "kick", "throw", "bring"])
        && window.windows(2).any(|pair| pair[0].is("out") && pair[1].is("of"))
    {
        said.push(stem("remove"));
    }
    if ["turn", "switch", "power"].contains(&stem(&tokens[verb].low).as_str()) {
        said.extend(particle(&tokens[verb + 1..tokens.len().min(verb + 9)]).map(|particle| format!("turn-{particle}")));
    }
    said
}
