//! What a clerk reads of a requirement, in Chinese and English.

use super::{MaterialAnswer, Question, RequirementStatus};
use crate::{
    Catalog, Department, DeptId, MaterialType, Requirement, TypeCode, ValidUntil, Verdict,
    gather::Bar,
};

/// What is told.
pub(super) struct Told<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) requirement: &'a Requirement,
    pub(super) status: &'a RequirementStatus,
    pub(super) materials: &'a [MaterialAnswer],
    pub(super) may_ask: bool,
}

// === impl Told ===

impl Told<'_> {
    /// Names it in Chinese: what satisfies it, else all that would.
    pub(super) fn name_zh(&self) -> String {
        self.names(|row| &row.name_zh, " 和 ", " 或 ")
    }

    /// Names it in English.
    pub(super) fn name_en(&self) -> String {
        self.names(|row| &row.name_en, " and ", " or ")
    }

    /// Tells it in Chinese.
    pub(super) fn zh(&self) -> String {
        let what = self.name_zh();
        let whose = self.requirement.party.name_zh();
        let what = format!("{what}（{whose}）");
        match self.status {
            RequirementStatus::Satisfied | RequirementStatus::Expiring => {
                let until = self.materials.first().map(until_zh).unwrap_or_default();
                format!("{what}：{}已有{until}，无需再收", self.holder(|row| &row.name_zh))
            }
            RequirementStatus::Missing => match self.materials.first() {
                Some(held) => format!(
                    "{what}：{}所存{}，请申请人提交有效的材料",
                    self.holder(|row| &row.name_zh),
                    fault_zh(held.judgement.verdict)
                ),
                None => format!("{what}：各部门均未持有，请申请人提交"),
            },
            RequirementStatus::Ambiguous(question) => format!("{what}：{}", question_zh(question)),
            RequirementStatus::NotShared(bar) => format!("{what}：{}，请申请人提交", bar_zh(bar)),
            RequirementStatus::Unknown { holder, brought, .. } => {
                let then = match (brought, self.may_ask) {
                    (true, _) => "申请人已提交，无需再收",
                    (false, true) => "可先请申请人提交",
                    (false, false) => "请稍后再查，暂不收取",
                };
                format!("{what}：{}暂时无法联系，{then}", self.department(holder, |d| &d.name_zh))
            }
        }
    }

    /// Tells it in English.
    pub(super) fn en(&self) -> String {
        let what = format!("{} ({})", self.name_en(), self.requirement.party);
        match self.status {
            RequirementStatus::Satisfied | RequirementStatus::Expiring => {
                let until = self.materials.first().map(until_en).unwrap_or_default();
                format!(
                    "{what}: held by {}{until}; do not collect it",
                    self.holder(|row| &row.name_en)
                )
            }
            RequirementStatus::Missing => match self.materials.first() {
                Some(held) => format!(
                    "{what}: the one that {} holds {}; collect a good one",
                    self.holder(|row| &row.name_en),
                    fault_en(held.judgement.verdict)
                ),
                None => format!("{what}: nobody holds it; collect it"),
            },
            RequirementStatus::Ambiguous(question) => format!("{what}: {}", question_en(question)),
            RequirementStatus::NotShared(bar) => format!("{what}: {}; collect it", bar_en(bar)),
            RequirementStatus::Unknown { holder, brought, .. } => {
                let then = match (brought, self.may_ask) {
                    (true, _) => "it was brought already, do not collect it again",
                    (false, true) => "collect it for now",
                    (false, false) => "look again later, do not collect",
                };
                format!(
                    "{what}: {} does not answer; {then}",
                    self.department(holder, |row| &row.name_en)
                )
            }
        }
    }

    fn names(&self, name: fn(&MaterialType) -> &String, and: &str, or: &str) -> String {
        let named = |code: &TypeCode| {
            let row = self.catalog.material_type(code.as_str());
            row.map_or_else(|| code.to_string(), |row| name(row).clone())
        };
        if self.status.is_held() {
            let held: Vec<_> =
                self.materials.iter().map(|held| named(&held.material_type)).collect();
            return held.join(and);
        }
        let lists = self.requirement.any_of.iter();
        let lists = lists.map(|all_of| all_of.iter().map(named).collect::<Vec<_>>().join(and));
        lists.collect::<Vec<_>>().join(or)
    }

    /// Names the department that holds what there is.
    fn holder(&self, name: fn(&Department) -> &String) -> String {
        let holder = self.materials.first().map(|held| &held.holder);
        holder.map(|holder| self.department(holder, name)).unwrap_or_default()
    }

    fn department(&self, code: &DeptId, name: fn(&Department) -> &String) -> String {
        let row = self.catalog.department(code);
        row.map_or_else(|| code.to_string(), |row| name(row).clone())
    }
}

fn until_zh(held: &MaterialAnswer) -> String {
    match (held.judgement.verdict, held.judgement.until) {
        (Verdict::ValidIfStarted { by }, _) => format!("，{by} 前开工则有效"),
        (Verdict::Undated, _) => "，未载明截止日期，请核对".to_owned(),
        (Verdict::Expiring, Some(ValidUntil::Day(day))) => format!("，即将到期（{day}）"),
        (_, Some(ValidUntil::Day(day))) => format!("，有效期至 {day}"),
        (_, Some(ValidUntil::LongTerm)) => "，长期有效".to_owned(),
        (_, None) => String::new(),
    }
}

fn until_en(held: &MaterialAnswer) -> String {
    match (held.judgement.verdict, held.judgement.until) {
        (Verdict::ValidIfStarted { by }, _) => format!(", valid if work starts by {by}"),
        (Verdict::Undated, _) => ", names no last day, check it".to_owned(),
        (Verdict::Expiring, Some(ValidUntil::Day(day))) => format!(", ends soon ({day})"),
        (_, Some(ValidUntil::Day(day))) => format!(", valid until {day}"),
        (_, Some(ValidUntil::LongTerm)) => ", valid without end".to_owned(),
        (_, None) => String::new(),
    }
}

fn question_zh(question: &Question) -> String {
    match question {
        Question::Role(role) => format!("请补充{}", role.name_zh()),
        Question::Fact { zh, .. } => zh.clone(),
        Question::Numbers(numbers) => format!("有 {} 份，请指明编号", numbers.len()),
    }
}

fn question_en(question: &Question) -> String {
    match question {
        Question::Role(role) => format!("say who is the {role}"),
        Question::Fact { en, .. } => en.clone(),
        Question::Numbers(numbers) => format!("there are {}, say which number", numbers.len()),
    }
}

fn bar_zh(bar: &Bar) -> String {
    match bar {
        Bar::Law { citation } => format!("不予共享（{citation}）"),
        Bar::Permission => "本部门无共享权限".to_owned(),
    }
}

fn bar_en(bar: &Bar) -> String {
    match bar {
        Bar::Law { citation } => format!("not shared ({citation})"),
        Bar::Permission => "your department has no permission for it".to_owned(),
    }
}

/// Why what is held is not good.
fn fault_zh(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::NotYetValid => "尚未生效",
        Verdict::Expired => "已过期",
        Verdict::Lapsed => "已因未按期开工失效",
        Verdict::NotInForce { .. } => "状态非正常",
        Verdict::Revoked => "已被撤销",
        Verdict::Outdated => "所依据的版本已变更",
        Verdict::Unknown => "状态暂不可知",
        Verdict::Valid | Verdict::Expiring | Verdict::ValidIfStarted { .. } | Verdict::Undated => {
            "不符合要求"
        }
    }
}

fn fault_en(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::NotYetValid => "is not valid yet",
        Verdict::Expired => "has expired",
        Verdict::Lapsed => "has lapsed, as work did not start in time",
        Verdict::NotInForce { .. } => "is not in force",
        Verdict::Revoked => "was revoked",
        Verdict::Outdated => "belongs to what has changed since",
        Verdict::Unknown => "cannot be confirmed now",
        Verdict::Valid | Verdict::Expiring | Verdict::ValidIfStarted { .. } | Verdict::Undated => {
            "does not fit"
        }
    }
}
