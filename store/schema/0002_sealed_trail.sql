-- The second schema: one sealed trail over the whole company, incidents, lanes of
-- work, and all requests of a guest. What 0001 kept was copied before this step
-- (tables whose names end in _schema1_ and the time); entries are sealed after it.

-- The end of the trail and what is counted, locked first by whoever writes, so
-- that all writers come one after the other.
CREATE TABLE head (
	one      boolean PRIMARY KEY DEFAULT true CHECK (one),
	schema   integer NOT NULL CHECK (schema > 0), -- as the largest in partnerbot_schema
	n        bigint NOT NULL CHECK (n >= 0),      -- entries of the trail
	mac      bytea NOT NULL,                      -- seal of the last one; zeros if there is none
	last     bigint NOT NULL CHECK (last >= 0),   -- number given to a request
	pending  bigint NOT NULL,                     -- how many requests wait for a person

	CONSTRAINT mac_is_whole CHECK (octet_length(mac) = 32),
	CONSTRAINT pending_is_a_count CHECK (pending BETWEEN 0 AND last)
) WITH (fillfactor = 10);

INSERT INTO head (schema, n, mac, last, pending)
	SELECT 2, 0, decode(repeat('00', 32), 'hex'),
		(SELECT n FROM counters WHERE name = 'last'), (SELECT n FROM counters WHERE name = 'pending');

DROP TABLE counters;

-- A record is the very text that was sealed; seal.go describes it.
DROP TABLE trail;

CREATE TABLE trail (
	n       bigint PRIMARY KEY CHECK (n > 0),
	request bigint NOT NULL REFERENCES requests (number),
	record  json NOT NULL,

	CONSTRAINT record_is_of_row CHECK (starts_with(record::text, '{"n":' || n || ','))
);

CREATE UNIQUE INDEX trail_of ON trail (request, n);

ALTER TABLE requests ADD COLUMN guest text; -- e-mail in small letters; none once it is erased
ALTER TABLE requests ADD CONSTRAINT guest_is_somebody CHECK (guest <> '');

-- As before, and said so that the text is read only where it does not begin as ours do.
ALTER TABLE requests DROP CONSTRAINT doc_is_of_row;
ALTER TABLE requests ADD CONSTRAINT doc_is_of_row CHECK (
	starts_with(doc::text, '{"id":"INV-' || number || '","version":' || version || ',"state":"' || state || '",')
	OR (doc ->> 'id' = 'INV-' || number AND doc ->> 'state' = state AND (doc ->> 'version')::bigint = version));

CREATE INDEX requests_for ON requests (guest, number) WHERE guest IS NOT NULL;

ALTER TABLE owed ADD COLUMN lane text NOT NULL
	GENERATED ALWAYS AS (CASE kind WHEN 'guest' THEN 'entra' ELSE 'slack' END) STORED;
-- A request never goes (requests_stay), so only the request itself can be wrong
-- about its work; asking for it again cost a tenth of every new request.
ALTER TABLE owed DROP CONSTRAINT owed_request_fkey;
ALTER TABLE owed DROP CONSTRAINT known_kind;
ALTER TABLE owed ADD CONSTRAINT known_kind
	CHECK (kind IN ('cards', 'direct', 'votes', 'answers', 'guest', 'clock', 'failure'));

DROP INDEX owed_due;
CREATE INDEX owed_due ON owed (lane, due, nanos, kind, request);

CREATE TABLE incidents (
	key text PRIMARY KEY,
	doc json NOT NULL,

	CONSTRAINT doc_is_of_incident CHECK (doc ->> 'key' = key)
);

-- What no writer of ours ever does.
CREATE FUNCTION partnerbot_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME,
		MESSAGE = format('%s of %s: partnerbot never does this, and %s refuses it', TG_OP, TG_TABLE_NAME, TG_NAME);
END $$;

CREATE TRIGGER versions_grow BEFORE UPDATE ON requests FOR EACH ROW
	WHEN (NEW.number <> OLD.number OR NEW.version < OLD.version)
	EXECUTE FUNCTION partnerbot_refuse();
CREATE TRIGGER requests_stay BEFORE DELETE OR TRUNCATE ON requests EXECUTE FUNCTION partnerbot_refuse();
CREATE TRIGGER places_stay BEFORE UPDATE ON trail FOR EACH ROW
	WHEN (NEW.n <> OLD.n OR NEW.request <> OLD.request) EXECUTE FUNCTION partnerbot_refuse();
CREATE TRIGGER trail_stays BEFORE DELETE OR TRUNCATE ON trail EXECUTE FUNCTION partnerbot_refuse();
CREATE TRIGGER head_grows BEFORE UPDATE ON head FOR EACH ROW
	WHEN (NEW.n < OLD.n OR NEW.last < OLD.last OR NEW.schema < OLD.schema) EXECUTE FUNCTION partnerbot_refuse();
CREATE TRIGGER head_stays BEFORE DELETE OR TRUNCATE ON head EXECUTE FUNCTION partnerbot_refuse();
