//! Names that hadolint holds for secrets though no part of them says so.

const LISTED: [&str; 14] = [
    "application_key",
    "aws_access_key_id",
    "ci_deploy_user",
    "docker_email",
    "facebook_app_id",
    "heroku_api_user",
    "okta_authn_groupid",
    "okta_client_orgurl",
    "okta_oauth2_clientid",
    "okta_oauth2_clientsecret",
    "stripe_device_name",
    "travis_os_name",
    "travis_secure_env_vars",
    "travis_sudo",
];

/// Whether a name in lower case is on the list.
pub(super) fn is_listed(name: &str) -> bool {
    LISTED.contains(&name)
}
