//! Rules that data cannot say: one function each.

mod archives;
mod base_images;
mod built_image;
mod cleanup;
mod copies;
mod dependencies;
mod instructions;
mod labels;
mod layers;
mod licenses;
mod pinning;
mod pinning_languages;
mod secret_names;
mod shell_use;
mod stages;
mod users;
mod variables;

pub(super) use variables::global_values;

use super::input::Input;
use super::reporter::Reporter;

/// Reports what one rule finds.
pub(super) type Check = fn(&Input<'_>, &mut Reporter<'_>);

/// The functions by the names that rule files give.
const CHECKS: &[(&str, Check)] = &[
    ("add_for_copy", copies::add_for_copy),
    ("apk_cache_left", cleanup::apk_cache_left),
    ("apt_get_without_yes", shell_use::apt_get_without_yes),
    ("apt_in_script", shell_use::apt_in_script),
    ("apt_lists_left", cleanup::apt_lists_left),
    ("archive_stays", archives::archive_stays),
    ("base_by_tag", base_images::base_by_tag),
    ("broken_json", instructions::broken_json),
    ("build_tools_in_image", dependencies::build_tools_in_image),
    ("cd_in_run", shell_use::cd_in_run),
    ("chmod_of_copied_files", layers::chmod_of_copied_files),
    ("chown_of_copied_files", layers::chown_of_copied_files),
    ("comment_swallows_line", shell_use::comment_swallows_line),
    ("consecutive_runs", shell_use::consecutive_runs),
    ("constant_platform", stages::constant_platform),
    ("copied_archive", copies::copied_archive),
    ("copy_from_self", stages::copy_from_self),
    ("copy_from_unknown", stages::copy_from_unknown),
    ("copy_ignored_file", copies::copy_ignored_file),
    ("copy_to_file", copies::copy_to_file),
    ("copy_whole_root", copies::copy_whole_root),
    ("copy_without_workdir", copies::copy_without_workdir),
    ("credential_file", built_image::credential_file),
    (
        "credential_in_configuration",
        built_image::credential_in_configuration,
    ),
    ("dev_dependencies", dependencies::dev_dependencies),
    ("distribution_upgrade", shell_use::distribution_upgrade),
    ("dnf_cache_left", cleanup::dnf_cache_left),
    ("downloaded_archive_left", archives::downloaded_archive_left),
    ("duplicate_stage_name", stages::duplicate_stage_name),
    ("empty_continuation", instructions::empty_continuation),
    ("empty_label", labels::empty_label),
    ("empty_password", built_image::empty_password),
    ("env_uses_itself", variables::env_uses_itself),
    ("expose_host_part", instructions::expose_host_part),
    (
        "expose_protocol_casing",
        instructions::expose_protocol_casing,
    ),
    ("from_as_casing", stages::from_as_casing),
    ("git_history", archives::git_history),
    (
        "heredoc_without_errexit",
        shell_use::heredoc_without_errexit,
    ),
    (
        "instruction_before_from",
        instructions::instruction_before_from,
    ),
    ("instruction_casing", instructions::instruction_casing),
    ("invalid_default_in_from", stages::invalid_default_in_from),
    ("invalid_label_key", labels::invalid_label_key),
    ("invalid_port", instructions::invalid_port),
    ("label_not_email", labels::label_not_email),
    ("label_not_hash", labels::label_not_hash),
    ("label_not_rfc3339", labels::label_not_rfc3339),
    ("label_not_semver", labels::label_not_semver),
    ("label_not_spdx", labels::label_not_spdx),
    ("label_not_url", labels::label_not_url),
    ("large_base", base_images::large_base),
    ("latest_base", base_images::latest_base),
    ("legacy_key_value", variables::legacy_key_value),
    ("linked_shell", shell_use::linked_shell),
    ("maintainer", instructions::maintainer),
    ("manifest_after_source", dependencies::manifest_after_source),
    ("missing_label", labels::missing_label),
    ("named_user", users::named_user),
    ("no_healthcheck", instructions::no_healthcheck),
    ("no_pipefail", shell_use::no_pipefail),
    ("npm_install", dependencies::npm_install),
    ("onbuild_of_onbuild", instructions::onbuild_of_onbuild),
    ("package_cache_left", dependencies::package_cache_left),
    ("pip_cache_left", cleanup::pip_cache_left),
    ("privileged_files", built_image::privileged_files),
    ("recommended_apt", shell_use::recommended_apt),
    (
        "redundant_target_platform",
        stages::redundant_target_platform,
    ),
    ("relative_workdir", instructions::relative_workdir),
    ("removed_too_late", layers::removed_too_late),
    ("reserved_stage_name", stages::reserved_stage_name),
    ("root_user", users::root_user),
    ("runs_as_root", built_image::runs_as_root),
    ("secret_in_variable", variables::secret_in_variable),
    ("sensitive_volume", built_image::sensitive_volume),
    ("several_cmds", instructions::several_cmds),
    ("several_entrypoints", instructions::several_entrypoints),
    ("several_healthchecks", instructions::several_healthchecks),
    ("shared_number", built_image::shared_number),
    (
        "shell_entrypoint_without_exec",
        instructions::shell_entrypoint_without_exec,
    ),
    ("shell_form_command", instructions::shell_form_command),
    ("stage_name_casing", stages::stage_name_casing),
    ("sudo", users::sudo),
    ("superfluous_label", labels::superfluous_label),
    ("undefined_arg_in_from", stages::undefined_arg_in_from),
    ("undefined_variable", variables::undefined_variable),
    ("unpinned_apk", pinning::unpinned_apk),
    ("unpinned_apt", pinning::unpinned_apt),
    ("unpinned_dnf", pinning::unpinned_dnf),
    ("unpinned_gems", pinning_languages::unpinned_gems),
    ("unpinned_go", pinning_languages::unpinned_go),
    ("unpinned_npm", pinning_languages::unpinned_npm),
    ("unpinned_pip", pinning_languages::unpinned_pip),
    ("unpinned_yum", pinning::unpinned_yum),
    ("unpinned_zypper", pinning::unpinned_zypper),
    ("untagged_base", base_images::untagged_base),
    ("untrusted_registry", base_images::untrusted_registry),
    ("useradd_high_uid", users::useradd_high_uid),
    ("weak_dependencies", dependencies::weak_dependencies),
    ("wget_and_curl", shell_use::wget_and_curl),
    ("whole_context", copies::whole_context),
    ("wrong_base_platform", base_images::wrong_base_platform),
    ("wrong_description", instructions::wrong_description),
    ("yarn_cache_left", cleanup::yarn_cache_left),
    ("yum_cache_left", cleanup::yum_cache_left),
    ("zypper_cache_left", cleanup::zypper_cache_left),
];

/// The function of this name.
pub(super) fn find(name: &str) -> Option<Check> {
    CHECKS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|&(_, check)| check)
}

/// The names of all functions.
#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    CHECKS.iter().map(|&(name, _)| name)
}
