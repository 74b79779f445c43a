//! What is ordered under a condition runs exactly where the check finds it so.

use std::net::TcpListener;

use super::home::{Home, step};

/// Sentence, exit code, what becomes of the last step.
fn comes(home: &Home, sentence: &str, code: i32, last: &str) {
    let said = home.run(&["run", "--yes", sentence]).exits(code);
    let run = home.show("last");
    let steps = run["steps"].as_array().expect("steps");
    let id = steps.last().expect("a step")["id"].as_str().expect("an id");
    assert_eq!(step(&run, id)["state"], last, "{sentence}: {}", said.out);
}

#[test]
fn an_order_hangs_on_what_its_check_finds() {
    let (home, listener) = (Home::new(), TcpListener::bind("127.0.0.1:0").expect("a port"));
    let open = listener.local_addr().expect("bound").port();
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|gone| gone.local_addr()).expect("a port").port();
    let look = "list the hosts";
    for (condition, holds) in [
        (format!("if port {open} on localhost is open"), true),
        (format!("if port {closed} on localhost is open"), false),
        (format!("if port {closed} on localhost is closed"), true),
        (format!("if port {open} on localhost is closed"), false),
        (format!("unless port {closed} on localhost is open"), true),
        (format!("if port {open} on localhost is open and port {closed} on localhost is closed"), true),
        (format!("if port {closed} on localhost is open and port {open} on localhost is closed"), false),
        (format!("if http://localhost:{closed}/ is ok"), false),
    ] {
        // What asked for success and found none fails the run; what asked for failure is answered by its branch.
        let met = holds || condition.ends_with(&format!("{open} on localhost is closed")) && !condition.contains(" and ");
        comes(&home, &format!("{condition}, {look}"), i32::from(!met), if holds { "succeeded" } else { "skipped" });
    }
    comes(&home, &format!("check port {closed} on localhost, if it fails {look}"), 0, "succeeded");
    comes(&home, &format!("verify that port {closed} on localhost is open, then {look}"), 1, "skipped");
    let told = home.run(&["run", "--yes", &format!("check port {closed} on localhost, if it fails {look}")]).exits(0).out;
    assert!(told.contains("the plan has a branch for its failure"), "{told}");
}
