//! Who the server is, and who its users are: keys and certificates that live as long as the test.

use std::{
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use sha2::{Digest as _, Sha256};

use crate::Error;

/// Someone who may talk to the API server, and proves it by a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name that RBAC and the audit log know.
    pub name: String,
    /// The groups it is in, besides `system:authenticated`.
    pub groups: Vec<String>,
    /// The bearer token.
    pub token: String,
}

/// The certificate authority of one API server, with everything that it has signed.
#[derive(Debug)]
pub(crate) struct Authority {
    /// Its certificate, for clients.
    pub(crate) certificate_pem: String,
    /// The same, as a file.
    pub(crate) certificate: PathBuf,
    /// The same, as bytes.
    pub(crate) certificate_der: Vec<u8>,
    /// The API server's certificate.
    pub(crate) serving_certificate: PathBuf,
    /// The API server's key.
    pub(crate) serving_key: PathBuf,
    /// The key that signs the tokens of service accounts.
    pub(crate) account_key: PathBuf,
    /// The key that they are checked with.
    pub(crate) account_public_key: PathBuf,
    /// What tokens of users are made from.
    seed: String,
}

impl Authority {
    /// A new one, with its files in this folder.
    pub(crate) fn found(folder: &Path) -> Result<Self, Error> {
        let mut parameters = CertificateParams::new(Vec::new())?;
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(parameters, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let names = ["127.0.0.1", "localhost"].map(str::to_owned);
        let serving = CertificateParams::new(names)?.signed_by(&key, &issuer)?;
        let account = KeyPair::generate()?;
        let write = |name: &str, content: &str| -> Result<PathBuf, Error> {
            let path = folder.join(name);
            fs::write(&path, content).map_err(Error::file(&path))?;
            Ok(path)
        };
        Ok(Self {
            certificate_pem: issuer.pem(),
            certificate: write("authority.crt", &issuer.pem())?,
            certificate_der: issuer.der().to_vec(),
            serving_certificate: write("serving.crt", &serving.pem())?,
            serving_key: write("serving.key", &key.serialize_pem())?,
            account_key: write("accounts.key", &account.serialize_pem())?,
            account_public_key: write("accounts.pub", &account.public_key_pem())?,
            seed: account.serialize_pem(),
        })
    }

    /// A user with a token that nobody can guess who does not know our keys.
    pub(crate) fn user(&self, name: &str, groups: &[String]) -> User {
        let digest = Sha256::new()
            .chain_update(&self.seed)
            .chain_update(name)
            .finalize();
        User {
            name: name.to_owned(),
            groups: groups.to_vec(),
            token: URL_SAFE_NO_PAD.encode(digest),
        }
    }
}

/// Users as `--token-auth-file` wants them: token, name, uid, groups.
pub(crate) fn token_file(users: &[User]) -> String {
    let lines: Vec<String> = users
        .iter()
        .map(|user| {
            let groups = user.groups.join(",");
            format!("{},{},{},\"{groups}\"\n", user.token, user.name, user.name)
        })
        .collect();
    lines.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_user_has_a_token_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::found(folder.path()).unwrap();
        let groups = ["system:masters".to_owned(), "people".to_owned()];
        let (one, two) = (authority.user("one", &groups), authority.user("two", &[]));
        assert_ne!(one.token, two.token);
        assert_eq!(one.token.len(), 43);
        assert_eq!(
            token_file(&[one.clone(), two.clone()]),
            format!(
                "{},one,one,\"system:masters,people\"\n{},two,two,\"\"\n",
                one.token, two.token
            )
        );
    }

    #[test]
    fn two_authorities_share_no_tokens() {
        let folder = tempfile::tempdir().unwrap();
        let one = Authority::found(folder.path()).unwrap();
        let two = Authority::found(folder.path()).unwrap();
        assert_ne!(one.user("same", &[]).token, two.user("same", &[]).token);
    }
}
