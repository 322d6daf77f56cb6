-- private: case, officer and consent of the purpose, encrypted under a subject key whose id stands in
-- front; absent where an upload was begun before there was this column.
ALTER TABLE uploads ADD COLUMN private BLOB;
