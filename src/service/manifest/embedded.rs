//! The manifests that come with the program. A test compares the list with the folder.

macro_rules! manifests {
    ($($name:literal),+ $(,)?) => {
        /// File name and content.
        pub const FILES: &[(&str, &str)] = &[
            $(($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/templates/services/", $name))),)+
        ];
    };
}

manifests!["asset.toml", "automation.toml", "host.toml", "http.toml", "network.toml", "notify.toml"];
