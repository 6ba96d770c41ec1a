-- PostgreSQL chooses between indexes by statistics, which a new database has none of and a queue that is mostly
-- empty has wrong ones of: then the index of a page looks as good as the key for reading one row, and is not. Pages and
-- lanes ask with the words of the conditions below, which hold always; nothing else does, so nothing else gets them.
{postgres} DROP INDEX documents_page;
{postgres} CREATE INDEX documents_page ON documents (scope, kind, created_at, sid) WHERE sid <> '';
{postgres} DROP INDEX jobs_lane;
{postgres} CREATE INDEX jobs_lane ON jobs (queue, lane, available_at, sequence) WHERE id <> '';
