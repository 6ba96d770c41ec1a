-- What older versions wrote in a form that SQL alone cannot put right (src/conversions.rs); a row says that it is done.
CREATE TABLE conversions (
    name {text} NOT NULL PRIMARY KEY,
    done_at {i64} NOT NULL
){strict};
