//! Whom the sample case concerns.

/// A party of the sample case; all of them are made up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SampleParty {
    /// Its role.
    pub(crate) role: &'static str,
    /// Scheme of its identifier.
    pub(crate) scheme: &'static str,
    /// Its identifier; the check digit is right.
    pub(crate) value: &'static str,
    /// Its name.
    pub(crate) name: &'static str,
}

/// Name of the sample project.
pub(super) const PROJECT_NAME: &str = "示例产业园一期";
/// Name under which it was filed before it was planned: departments differ, and forms show that.
pub(super) const FILED_NAME: &str = "示例产业园（一期）建设项目";
/// Where it is built.
pub(super) const SITE: &str = "济宁市任城区示例路1号";

/// The developer.
pub(super) const DEVELOPER: SampleParty =
    party("developer", "credit", "91370800MA3ABCD15K", "济宁示例置业有限公司");
/// The contractor.
pub(super) const CONTRACTOR: SampleParty =
    party("contractor", "credit", "911101066976941872", "示例建设集团有限公司");
/// The designer.
pub(super) const DESIGNER: SampleParty =
    party("designer", "credit", "91350100M000100Y43", "示例建筑设计院有限公司");

/// The parties of the sample case beside the project.
pub(crate) const PARTIES: [SampleParty; 5] = [
    DEVELOPER,
    CONTRACTOR,
    DESIGNER,
    party("legal_representative", "citizen", "370800199001011237", "张伟"),
    party("agent", "citizen", "370811198805062341", "李静"),
];

const fn party(
    role: &'static str,
    scheme: &'static str,
    value: &'static str,
    name: &'static str,
) -> SampleParty {
    SampleParty { role, scheme, value, name }
}
