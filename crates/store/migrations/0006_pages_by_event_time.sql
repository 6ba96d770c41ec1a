-- Lists with bounds of event time (`DateSent`) are in its order: a page is one range.
CREATE INDEX documents_event ON documents (scope, kind, event_at, sid) WHERE event_at IS NOT NULL;
