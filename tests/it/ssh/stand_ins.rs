//! Programs of a host that say what a test wrote for them, and note how they were called.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::server::Server;

/// Programs on the PATH of the host that only say what they are told to: no systemd can be had here.
pub struct StandIns<'a>(pub &'a Server);

impl<'a> StandIns<'a> {
    pub fn new(server: &'a mut Server, names: &[&str]) -> Self {
        let folder = server.path("stand-ins");
        fs::create_dir(&folder).unwrap();
        for name in names {
            symlink(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stand-ins/stand-in.sh"), folder.join(name)).unwrap();
        }
        let path = format!(" PATH={}:/usr/bin:/bin\n", folder.display());
        let config = fs::read_to_string(server.path("sshd.conf")).unwrap();
        fs::write(server.path("sshd.conf"), format!("{}{path}", config.trim_end())).unwrap();
        server.kill();
        server.start();
        Self(server)
    }

    pub fn says(&self, name: &str, text: &str) {
        fs::write(self.0.path("stand-ins").join(name), text).unwrap();
    }

    /// Every word of every call since the last look.
    pub fn called(&self) -> Vec<Vec<String>> {
        let file = self.0.path("stand-ins/called");
        let text = fs::read_to_string(&file).unwrap_or_default();
        let _ = fs::remove_file(file);
        text.lines().map(|line| line.trim_end_matches('\0').split('\0').map(str::to_owned).collect()).collect()
    }
}

pub fn words(text: &[&str]) -> Vec<String> {
    text.iter().map(|word| (*word).to_owned()).collect()
}
