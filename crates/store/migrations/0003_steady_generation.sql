-- Moved by every commit that touches what is remembered between requests (src/steady.rs).
CREATE TABLE steady_generation (
    id {i64} NOT NULL PRIMARY KEY CHECK (id = 1),
    value {i64} NOT NULL
){strict};

INSERT INTO steady_generation (id, value) VALUES (1, 0);
