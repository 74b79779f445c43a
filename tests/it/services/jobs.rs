//! Jobs of the configuration: run, looked at, ended; from the command line, in real processes.

use ouioe::model::action::Action;
use serde_json::json;

use crate::e2e::home::{Home, step, until};
use crate::service::bound;

fn home() -> Home {
    let home = Home::new();
    let (begun, hold) = (home.path("begun"), home.path("hold"));
    home.fifo("hold");
    home.write(
        "config/ouioe/config.toml",
        format!(
            "[automation.jobs.reindex]\nargv = [\"printf\", \"%s|\", \"index of\", \"{{target}}\", \"$(id)\"]\n\
             [automation.jobs.prune]\nargv = [\"printf\", \"%s|\", \"--days={{days}}\", \"{{dir}}\"]\n\
             params = {{ days = {{ type = \"int\", default = 7 }}, dir = \"path\" }}\n\
             [automation.jobs.long]\nargv = [\"/bin/sh\", \"-c\", \"touch {}; read x < {}\"]\n",
            begun.display(),
            hold.display()
        ),
    );
    home
}

fn job(name: &str, operation: &str, job: &str) -> serde_json::Value {
    json!({ "id": name, "operation": operation, "params": { "job": job } })
}

#[test]
fn a_job_runs_as_a_step_with_its_target() {
    let home = home();
    let mut run = job("a", "automation.run_job", "reindex");
    run["params"]["target"] = "shop db".into();
    let refused = home.run(&["run", "--yes", "--plan", &home.plan(&[run.clone()])]).exits(2);
    assert!(refused.err.contains("`target` `shop db` must be a name"), "{}", refused.err);
    run["params"]["target"] = "localhost".into();
    home.run(&["run", "--yes", "--plan", &home.plan(&[run])]).exits(0);
    assert_eq!(step(&home.show("last"), "a")["result"]["text"], "index of|localhost|$(id)|");
    home.run(&["run", "--yes", "--plan", &home.plan(&[job("a", "automation.run_job", "reindex")])]).exits(0);
    assert_eq!(step(&home.show("last"), "a")["result"]["text"], "index of|$(id)|", "without a target its element is left out");
    let checked = home.run(&["check"]).exits(0).out;
    assert!(checked.contains("automation.jobs.reindex"), "{checked}");

    let unknown = home.run(&["run", "--yes", "--plan", &home.plan(&[job("a", "automation.run_job", "reindx")])]).exits(4);
    assert!(unknown.err.contains("there is no job reindx (nearest: reindex): add [automation.jobs.\"reindx\"]"), "{}", unknown.err);
}

#[test]
fn a_job_takes_values_of_its_own() {
    let home = home();
    let run = |params: serde_json::Value| {
        let mut step = job("a", "automation.run_job", "prune");
        step["params"]["params"] = params;
        let said = home.run(&["run", "--yes", "--plan", &home.plan(&[step])]);
        (said.code, said.err)
    };
    for (params, printed) in
        [(json!({"dir": "/srv/x y"}), "--days=7|/srv/x y|"), (json!({"dir": "/srv; id", "days": 30}), "--days=30|/srv; id|")]
    {
        assert_eq!(run(params).0, 0);
        assert_eq!(step(&home.show("last"), "a")["result"]["text"], printed);
    }
    for (params, why) in [
        (json!({}), "job prune needs `dir` (path) in `params`"),
        (json!({"dir": "srv"}), "`dir` of job prune must be an absolute path"),
        (json!({"dir": "/srv", "day": 1}), "job prune has no parameter `day` (nearest: days)"),
        (json!("dir"), "`params` of job prune must be a table of values"),
    ] {
        let (code, said) = run(params);
        assert!(code == 2 && said.contains(why), "{code} {said}");
    }
    assert_eq!(run(json!({"dir": "${steps.a.output.dir}"})).0, 2, "a step cannot wait for itself");
}

#[test]
fn a_running_job_is_seen_and_ended_by_another_run() {
    let home = home();
    let first = home.spawn(&["run", "--yes", "--json", "--plan", &home.plan(&[job("a", "automation.run_job", "long")])]);
    until("the job", || home.path("begun").exists().then_some(()));
    home.write("look.json", json!({"title": "look", "steps": [job("b", "automation.job_status", "long")]}).to_string());
    let look = home.path("look.json").display().to_string();
    home.run(&["run", "--yes", "--plan", &look]).exits(0);
    let status = step(&home.show("last"), "b")["result"].clone();
    assert_eq!((&status["status"]["state"], &status["running"]), (&json!("running"), &json!(1)), "{status}");

    home.write("end.json", json!({"title": "end", "steps": [job("c", "automation.cancel_job", "long")]}).to_string());
    home.run(&["run", "--yes", "--plan", &home.path("end.json").display().to_string()]).exits(0);
    assert_eq!(step(&home.show("last"), "c")["result"]["cancelled"][0]["job"], "long");
    let output = first.wait_with_output().expect("its end");
    assert_eq!(output.status.code(), Some(1), "the job's run failed: {}", String::from_utf8_lossy(&output.stderr));

    home.run(&["run", "--yes", "--plan", &look]).exits(0);
    let status = step(&home.show("last"), "b")["result"].clone();
    assert_eq!((&status["status"]["state"], &status["running"]), (&json!("failed"), &json!(0)), "{status}");
    assert_eq!(status["status"]["failure"], "stopped by request");
    home.run(&["run", "--yes", "--plan", &home.path("end.json").display().to_string()]).exits(0);
    assert_eq!(step(&home.show("last"), "c")["result"]["cancelled"], json!([]), "it had ended");
}

#[test]
fn a_bare_machine_knows_no_job() {
    let Action::Unbound { hint } = bound("automation.run_job", &json!({"job": "x"})) else { panic!("bound to nothing") };
    assert_eq!(hint, "there is no job x: add [automation.jobs.\"x\"] to <config>/config.toml");
    let Action::Unbound { hint } = bound("automation.run_job", &json!({"job": "${steps.a.output.job}"})) else {
        panic!("bound to nothing")
    };
    assert_eq!(hint, "which job it is must be known before the run starts");
}
