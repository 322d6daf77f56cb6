-- Contributions: versions that were brought beside the one of their source, and are not current. correction:
-- id of the upload that brought it. exception: the reason's code. state: 0 open, 1 matched, 2 differs,
-- 3 withdrawn.
CREATE TABLE contributions (
    version    BLOB NOT NULL PRIMARY KEY REFERENCES versions (id),
    material   BLOB NOT NULL REFERENCES materials (id),
    correction BLOB NOT NULL UNIQUE,
    department TEXT NOT NULL,
    exception  TEXT,
    state      INTEGER NOT NULL,
    opened_ms  BIGINT NOT NULL,
    closed_ms  BIGINT
);
CREATE INDEX contributions_material ON contributions (material);
CREATE INDEX contributions_open ON contributions (correction) WHERE state = 0;
-- intake: what an upload may become, as JSON; absent where it was begun before there was this column.
ALTER TABLE uploads ADD COLUMN intake TEXT;
