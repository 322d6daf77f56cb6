//! What a catalogue's entry shows to people: nine things, in Chinese.
//!
//! Source: State Council Order 809, articles on the catalogue of government data.

use super::{Classification, MaterialType, Sharing, SharingWay, UpdateFrequency};

impl MaterialType {
    /// What the nine things of an entry are called.
    pub const ENTRY_HEADINGS: [&str; 9] = [
        "目录名称",
        "数据项",
        "提供部门",
        "数据格式",
        "更新频率",
        "共享属性",
        "共享方式",
        "使用条件",
        "数据分级",
    ];

    /// Returns the nine things that an entry of the city's catalogue shows, in the order of
    /// [`Self::ENTRY_HEADINGS`].
    pub fn entry(&self) -> [String; 9] {
        let fields: Vec<_> = self.fields.iter().map(|field| field.name_zh.as_str()).collect();
        let formats: Vec<_> = self.media_types.iter().map(ToString::to_string).collect();
        let (attribute, conditions) = match &self.sharing {
            Sharing::Unconditional => ("无条件共享", "无"),
            Sharing::Conditional { conditions } => ("有条件共享", conditions.as_str()),
            Sharing::NotShared { citation } => ("不予共享", citation.as_str()),
        };
        [
            self.name_zh.clone(),
            fields.join("、"),
            self.source_department.clone(),
            formats.join("、"),
            frequency_zh(self.update_frequency).to_owned(),
            attribute.to_owned(),
            way_zh(self.sharing_way).to_owned(),
            conditions.to_owned(),
            classification_zh(self.classification).to_owned(),
        ]
    }
}

fn frequency_zh(frequency: UpdateFrequency) -> &'static str {
    match frequency {
        UpdateFrequency::RealTime => "实时",
        UpdateFrequency::Daily => "每日",
        UpdateFrequency::Weekly => "每周",
        UpdateFrequency::Monthly => "每月",
        UpdateFrequency::Yearly => "每年",
        UpdateFrequency::OnChange => "变更时",
    }
}

fn way_zh(way: SharingWay) -> &'static str {
    match way {
        SharingWay::Interface => "接口",
        SharingWay::File => "文件",
        SharingWay::Verification => "核验",
    }
}

fn classification_zh(classification: Classification) -> &'static str {
    match classification {
        Classification::General => "一般数据",
        Classification::Important => "重要数据",
        Classification::Core => "核心数据",
    }
}
