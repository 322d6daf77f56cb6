//! The figures as a table for people.

use comfy_table::{CellAlignment, Table, presets::NOTHING};

use super::figures::Figures;

/// Returns a headline and a table, without a line end.
pub(super) fn of(figures: &Figures) -> String {
    let mut table = Table::new();
    table.load_preset(NOTHING);
    for (count, what) in rows(figures) {
        table.add_row([count, what]);
    }
    if let Some(counts) = table.column_mut(0) {
        counts.set_cell_alignment(CellAlignment::Right);
    }
    let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    format!(
        "\nuploaded once, or never, and used everywhere; all counted from the audit trail\n\n{}\n",
        lines.join("\n")
    )
}

fn rows(figures: &Figures) -> Vec<(String, String)> {
    let Figures { bytes_published, bytes_fetched, receipts_verified, .. } = *figures;
    let row = |count: u64, what: &str| (count.to_string(), what.to_owned());
    let published = format!("uploads, {}", megabytes(bytes_published));
    let fetched =
        format!("fetches by departments that do not hold it, {}", megabytes(bytes_fetched));
    let away = format!(
        "served while their holder was stopped, {} refused with the reason; it was back in {} ms",
        figures.refused_without_holder, figures.holder_back_ms
    );
    let resumed = format!(
        "bytes of an upload kept through a kill of the gateway, which was back in {} ms",
        figures.gateway_back_ms
    );
    let pieces = format!(
        "pieces asked for by three cases, {} kinds from set-up to acceptance; {} left to collect",
        figures.distinct, figures.to_collect
    );
    let avoided =
        format!("uploads avoided: {} % of the pieces were there already", figures.saved_percent);
    let records = format!("records on the audit trail, {receipts_verified} receipts verified");
    vec![
        row(figures.material_types, "types of material in the catalogue"),
        row(figures.origin_held, "held by a department already: never uploaded"),
        row(figures.verify_only, "only ever matched at its holder: never sent"),
        row(figures.published, &published),
        row(figures.duplicate_publishes, "repeated upload: no byte sent, nothing stored twice"),
        row(figures.fetches, &fetched),
        row(figures.adapter_fetches, "of them asked of a department's own store"),
        row(
            figures.cache_hits,
            "of them from the gateway's cache: decided and recorded all the same",
        ),
        row(figures.joined, "of them joined another call that was just asking"),
        row(figures.reuses, "reuses: a department had a material that it did not collect"),
        row(figures.pieces_asked, &pieces),
        row(figures.uploads_avoided, &avoided),
        row(figures.denied, "fetch without permission: refused, and on record"),
        row(figures.records, &records),
        row(figures.served_without_holder, &away),
        row(figures.resumed_at, &resumed),
        (seconds(figures.elapsed_ms), "seconds from nothing to here".to_owned()),
    ]
}

fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10)
}

fn seconds(milliseconds: u64) -> String {
    format!("{}.{}", milliseconds / 1_000, milliseconds / 100 % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_is_told() {
        let figures = Figures {
            material_types: 28,
            reuses: 54,
            fetches: 108,
            bytes_fetched: 12_345_678,
            elapsed_ms: 3_140,
            ..Figures::default()
        };

        let story = of(&figures);

        for told in ["28", "54", "108", "12.3 MB", "3.1"] {
            assert!(story.contains(told), "{told} is missing in {story}");
        }
    }
}
