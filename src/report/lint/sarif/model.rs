//! The parts of SARIF 2.1.0 that are written.

use serde::Serialize;

#[derive(Serialize)]
pub(in crate::report) struct Log<'a> {
    #[serde(rename = "$schema")]
    pub(in crate::report) schema: &'static str,
    pub(in crate::report) version: &'static str,
    pub(in crate::report) runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::report) struct Run<'a> {
    pub(in crate::report) tool: Tool<'a>,
    pub(in crate::report) column_kind: &'static str,
    pub(in crate::report) invocations: [Invocation<'a>; 1],
    pub(in crate::report) results: Vec<Result<'a>>,
}

#[derive(Serialize)]
pub(in crate::report) struct Tool<'a> {
    pub(in crate::report) driver: Driver<'a>,
}

#[derive(Serialize)]
pub(in crate::report) struct Driver<'a> {
    pub(in crate::report) name: &'static str,
    pub(in crate::report) version: &'a str,
    pub(in crate::report) rules: Vec<Rule<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::report) struct Rule<'a> {
    pub(in crate::report) id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) name: Option<&'a str>,
    pub(in crate::report) short_description: Message<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) full_description: Option<Message<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) help: Option<Help>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) help_uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) default_configuration: Option<Configuration>,
    pub(in crate::report) properties: RuleProperties<'a>,
}

#[derive(Serialize)]
pub(in crate::report) struct Message<'a> {
    pub(in crate::report) text: &'a str,
}

#[derive(Serialize)]
pub(in crate::report) struct Help {
    pub(in crate::report) text: String,
    pub(in crate::report) markdown: String,
}

#[derive(Serialize)]
pub(in crate::report) struct Configuration {
    pub(in crate::report) level: &'static str,
}

#[derive(Serialize)]
pub(in crate::report) struct RuleProperties<'a> {
    pub(in crate::report) tags: [&'static str; 1],
    pub(in crate::report) aliases: &'a [String],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::report) struct Invocation<'a> {
    pub(in crate::report) execution_successful: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::report) tool_execution_notifications: Vec<Notification<'a>>,
}

#[derive(Serialize)]
pub(in crate::report) struct Notification<'a> {
    pub(in crate::report) level: &'static str,
    pub(in crate::report) message: Message<'a>,
    pub(in crate::report) locations: [Location; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::report) struct Result<'a> {
    pub(in crate::report) rule_id: &'a str,
    pub(in crate::report) rule_index: usize,
    pub(in crate::report) level: &'static str,
    pub(in crate::report) message: Message<'a>,
    pub(in crate::report) locations: [Location; 1],
    pub(in crate::report) partial_fingerprints: PartialFingerprints,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::report) suppressions: Vec<Suppression<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::report) fixes: Vec<Fix<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) properties: Option<ResultProperties>,
}

/// Why a result counts for nothing.
#[derive(Serialize)]
pub(in crate::report) struct Suppression<'a> {
    pub(in crate::report) kind: &'static str,
    pub(in crate::report) justification: &'a str,
}

#[derive(Serialize)]
pub(in crate::report) struct PartialFingerprints {
    // GitHub computes its own, and warns of ours under the name of those.
    #[serde(rename = "rslim/line/v1")]
    pub(in crate::report) line: String,
}

#[derive(Serialize)]
pub(in crate::report) struct ResultProperties {
    pub(in crate::report) bytes: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::report) struct Location {
    pub(in crate::report) physical_location: PhysicalLocation,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::report) struct PhysicalLocation {
    pub(in crate::report) artifact_location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) region: Option<Region>,
}

#[derive(Serialize, Clone)]
pub(in crate::report) struct ArtifactLocation {
    pub(in crate::report) uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::report) struct Region {
    pub(in crate::report) start_line: u32,
    pub(in crate::report) start_column: u32,
    pub(in crate::report) end_line: u32,
    pub(in crate::report) end_column: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::report) struct Fix<'a> {
    pub(in crate::report) description: Message<'a>,
    pub(in crate::report) artifact_changes: [ArtifactChange<'a>; 1],
    pub(in crate::report) properties: FixProperties,
}

#[derive(Serialize)]
pub(in crate::report) struct FixProperties {
    pub(in crate::report) applicability: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::report) struct ArtifactChange<'a> {
    pub(in crate::report) artifact_location: ArtifactLocation,
    pub(in crate::report) replacements: Vec<Replacement<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::report) struct Replacement<'a> {
    pub(in crate::report) deleted_region: Region,
    pub(in crate::report) inserted_content: Message<'a>,
}
