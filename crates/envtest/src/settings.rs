//! What a test may ask of its servers beyond the usual.

/// How to start the servers. The default is what most tests want: an administrator and nobody else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    pub(crate) users: Vec<(String, Vec<String>)>,
    pub(crate) apiserver_flags: Vec<String>,
}

impl Settings {
    /// Lets one more user in, with a token of its own. It may do what RBAC lets it and its groups do, which is
    /// next to nothing at first. A name such as `system:serviceaccount:kong-system:konduit` with the group
    /// `system:serviceaccounts` is to RBAC what that service account would be.
    #[must_use]
    pub fn user(mut self, name: &str, groups: &[&str]) -> Self {
        let groups = groups.iter().map(|group| (*group).to_owned()).collect();
        self.users.push((name.to_owned(), groups));
        self
    }

    /// Gives the API server one more flag, such as `--etcd-compaction-interval=5s`.
    #[must_use]
    pub fn apiserver_flag(mut self, flag: &str) -> Self {
        self.apiserver_flags.push(flag.to_owned());
        self
    }
}
