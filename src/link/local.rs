//! Who a local user is: the uid that the kernel vouches for, and the name beside it.
//!
//! The environment is not asked: `USER` is whatever its owner says.

use crate::model::actor::Actor;
use crate::text;

/// The user of this process.
pub fn local_actor() -> Actor {
    actor_of(rustix::process::geteuid().as_raw())
}

/// The name is for people; `user` where the machine's own list has none.
pub fn actor_of(uid: u32) -> Actor {
    let list = std::fs::read("/etc/passwd").unwrap_or_default();
    let name = name_in(&String::from_utf8_lossy(&list), uid).unwrap_or_else(|| "user".to_owned());
    Actor::Local { uid, name }
}

fn name_in(list: &str, uid: u32) -> Option<String> {
    list.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| text::clip(&text::safe(name), 32))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_the_list_of_users() {
        let list = "# comment\nroot:x:0:0:root:/root:/bin/sh\nev\x1bil:x:7:7::/:/bin/false\nshort\n";
        for (uid, name) in [(0, Some("root")), (7, Some("ev^[il")), (8, None)] {
            assert_eq!(name_in(list, uid).as_deref(), name);
        }
    }
}
