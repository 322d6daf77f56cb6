-- Materials: a line of versions, exactly one of them current, or none yet.
CREATE TABLE materials (
    id             BLOB NOT NULL PRIMARY KEY,
    material_type  TEXT NOT NULL,
    subject_token  BLOB NOT NULL,
    subject_key    INTEGER NOT NULL,
    subject_sealed BLOB NOT NULL,
    number         TEXT NOT NULL,
    current        BLOB,
    UNIQUE (subject_token, material_type, number)
);
CREATE INDEX materials_key ON materials (subject_key);

-- Versions: immutable, but for when their holder last confirmed them, how they stand with their issuer,
-- and that they were revoked. status_ms: when the holder said how. revocation: the reason's code.
CREATE TABLE versions (
    id           BLOB NOT NULL PRIMARY KEY,
    material     BLOB NOT NULL REFERENCES materials (id),
    manifest     BLOB NOT NULL,
    content      BLOB NOT NULL,
    chunks       BLOB NOT NULL,
    holder       TEXT NOT NULL,
    sealed       INTEGER NOT NULL,
    confirmed_ms BIGINT NOT NULL,
    registered_ms BIGINT NOT NULL,
    status       TEXT NOT NULL,
    status_ms    BIGINT NOT NULL,
    revoked_ms   BIGINT,
    revocation   TEXT
);
CREATE INDEX versions_content ON versions (holder, content);
CREATE INDEX versions_revoked ON versions (material, content) WHERE revoked_ms IS NOT NULL;

-- Changes of what is current and good, each with the moment at which the bus knew (at_ms). kind: 0 it
-- became current, 1 another did, 2 its status, 3 it was revoked. status: how it stood after that.
CREATE TABLE changes (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    material BLOB NOT NULL REFERENCES materials (id),
    version  BLOB NOT NULL REFERENCES versions (id),
    kind     INTEGER NOT NULL,
    status   TEXT NOT NULL,
    at_ms    BIGINT NOT NULL
);
CREATE INDEX changes_material ON changes (material, sequence);
CREATE INDEX changes_version ON changes (version, sequence);
CREATE INDEX changes_at ON changes (at_ms);

-- One row once changes were dropped: the last of them, and the moment before which they were.
CREATE TABLE expired_changes (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    sequence  BIGINT NOT NULL,
    before_ms BIGINT NOT NULL
);

-- Uploads. state: 0 pending, 1 committed, 2 discarding, 3 discarded.
-- discarding_copy: committed, but the holder's own copy is superfluous and being discarded.
-- discard_sealed: what is being discarded includes content sealed under the digest.
-- tried_ms: the limit of idleness in the sweep that last listed it; 0 if none did.
CREATE TABLE uploads (
    id              BLOB NOT NULL PRIMARY KEY,
    material        BLOB NOT NULL REFERENCES materials (id),
    system          TEXT NOT NULL,
    holder          TEXT NOT NULL,
    document        TEXT NOT NULL,
    content         BLOB NOT NULL,
    expected        BLOB,
    intent          BIGINT NOT NULL,
    why             TEXT NOT NULL,
    begun_ms        BIGINT NOT NULL,
    progress_ms     BIGINT NOT NULL,
    chunk_count     BIGINT NOT NULL,
    state           INTEGER NOT NULL,
    version         BLOB REFERENCES versions (id),
    already_held    INTEGER NOT NULL,
    outcome         BLOB,
    receipt         TEXT,
    discarding_copy INTEGER NOT NULL,
    discard_sealed  INTEGER NOT NULL,
    tried_ms        BIGINT NOT NULL
);
CREATE INDEX uploads_state ON uploads (state, progress_ms);
CREATE INDEX uploads_content ON uploads (holder, content);
CREATE INDEX uploads_intent ON uploads (intent);
CREATE INDEX uploads_material ON uploads (material);

-- Digests of the chunks that passed, one row for each piece that was put.
CREATE TABLE upload_chunks (
    upload   BLOB NOT NULL REFERENCES uploads (id),
    position BIGINT NOT NULL,
    digests  BLOB NOT NULL,
    PRIMARY KEY (upload, position)
);

-- Request ids in their scope. state: 0 running, 1 done.
CREATE TABLE requests (
    system     TEXT NOT NULL,
    method     TEXT NOT NULL,
    id         BLOB NOT NULL,
    payload    BLOB NOT NULL,
    boot       BLOB NOT NULL,
    state      INTEGER NOT NULL,
    claimed_ms BIGINT NOT NULL,
    PRIMARY KEY (system, method, id)
);
CREATE INDEX requests_claimed ON requests (claimed_ms);

-- Requests to unseal records. indices: each in 8 bytes, big-endian, ascending. recorded, approval:
-- positions of their records on the trail.
CREATE TABLE unseals (
    id            BLOB NOT NULL PRIMARY KEY,
    system        TEXT NOT NULL,
    certificate   BLOB NOT NULL,
    request       BLOB NOT NULL,
    payload       BLOB NOT NULL,
    ground        TEXT NOT NULL,
    indices       BLOB NOT NULL,
    recorded      BIGINT NOT NULL,
    approved_by   TEXT,
    until_ms      BIGINT,
    approval      BIGINT,
    UNIQUE (system, request)
);
