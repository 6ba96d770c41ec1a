-- Events of a consumer that a destination did not take while it took others: they wait for another attempt behind the
-- place, and the consumer goes on (src/set_aside.rs). `aside` is a list in JSON, empty for none; `aside_due` is when the
-- next of them is to be tried, `aside_from` the first row of the log that one of them is in, each 0 for none.
ALTER TABLE consumers ADD COLUMN aside {text} NOT NULL DEFAULT '';
ALTER TABLE consumers ADD COLUMN aside_due {i64} NOT NULL DEFAULT 0;
ALTER TABLE consumers ADD COLUMN aside_from {i64} NOT NULL DEFAULT 0;
