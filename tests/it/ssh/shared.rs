//! One connection for many steps.

use std::fs;

use ouioe::service::control;

use super::server::{Server, kill_all, until};
use crate::rig::{Rig, left_of, text_of};

#[test]
fn the_second_step_goes_over_the_connection_that_the_first_one_opened() {
    let (rig, server) = (Rig::new(), Server::new());
    let port = "echo \"$SSH_CONNECTION\"";
    let first = server.sh(port);
    let socket = control::path(rig.dir.path(), &first.action).expect("a short path");
    let direct = text_of(&rig.run(&first));
    until("the shared connection", || control::is_open(&socket).then_some(()));
    assert_eq!(fs::metadata(socket.parent().unwrap()).unwrap().permissions(), std::os::unix::fs::PermissionsExt::from_mode(0o40700));
    let shared = text_of(&rig.run(&server.sh(port)));
    assert_ne!(direct, shared);
    assert_eq!(text_of(&rig.run(&server.sh(port))), shared, "the same connection");

    // A step that goes over it ends as any other, and nothing of it stays.
    let mut slow = server.sh("sleep 600");
    (slow.timeout_ms, slow.grace_ms) = (ouioe::model::time::Millis(8_000), ouioe::model::time::Millis(2_000));
    let (failure, exit) = crate::rig::failure_of(rig.run(&slow));
    assert_eq!(exit.unwrap().left_over, 0, "{failure:?}");
    assert!(left_of(&slow).is_empty() && control::is_open(&socket));

    // One that was killed is no trouble.
    kill_all(&server.sessions());
    until("its end", || (!control::is_open(&socket)).then_some(()));
    // Its file goes a little later than it, or stays.
    let _ = fs::remove_file(&socket);
    fs::write(&socket, "").unwrap();
    assert_ne!(text_of(&rig.run(&server.sh(port))), shared);
}
