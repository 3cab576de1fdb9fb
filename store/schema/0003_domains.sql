-- The third schema: what is known of a mail domain, requests for several guests,
-- and delegations. What 0002 kept was copied before this step; domains and
-- decisions are filled after it.

ALTER TABLE requests DROP CONSTRAINT known_state;
ALTER TABLE requests ADD CONSTRAINT known_state CHECK (state IN ('pending', 'inviting', 'invited', 'active', 'ending', 'split',
	'denied', 'cancelled', 'timed out', 'ended', 'failed'));

-- As before, and without the tag, which stands between ID and version: the text is
-- read only where it does not begin as ours do.
ALTER TABLE requests DROP CONSTRAINT doc_is_of_row;
ALTER TABLE requests ADD CONSTRAINT doc_is_of_row CHECK (
	starts_with(regexp_replace(left(doc::text, 200), '^(\{"id":"INV-[0-9]+"),"tag":"[0-9a-z]+"', '\1'),
		'{"id":"INV-' || number || '","version":' || version || ',"state":"' || state || '",')
	OR (doc ->> 'id' = 'INV-' || number AND doc ->> 'state' = state AND (doc ->> 'version')::bigint = version));

ALTER TABLE requests ADD COLUMN guests text[]; -- e-mails in small letters, of a request for several
ALTER TABLE requests ADD CONSTRAINT guests_are_some CHECK (cardinality(guests) > 0);
CREATE INDEX requests_for_several ON requests USING gin (guests) WHERE guests IS NOT NULL;

-- Entries about delegations have no request.
ALTER TABLE trail ALTER COLUMN request DROP NOT NULL;
ALTER TABLE trail ADD CONSTRAINT entry_has_request
	CHECK (request IS NOT NULL OR strpos(record::text, '","entry":{"request":"","version":0,') > 0);
DROP TRIGGER places_stay ON trail;
CREATE TRIGGER places_stay BEFORE UPDATE ON trail FOR EACH ROW
	WHEN (NEW.n <> OLD.n OR NEW.request IS DISTINCT FROM OLD.request) EXECUTE FUNCTION partnerbot_refuse();

-- One for each owner of a right.
CREATE TABLE delegations (
	person text COLLATE "C" PRIMARY KEY, -- user ID
	doc    json NOT NULL,

	CONSTRAINT doc_is_of_person CHECK (doc #>> '{from,user}' IS NOT DISTINCT FROM person)
);

ALTER TABLE owed DROP CONSTRAINT known_kind;
ALTER TABLE owed ADD CONSTRAINT known_kind CHECK (kind IN ('cards', 'direct', 'votes', 'answers', 'guest', 'clock',
	'failure', 'thread', 'sight', 'facts', 'spread'));
ALTER TABLE owed DROP COLUMN lane; -- and with it its index
ALTER TABLE owed ADD COLUMN lane text NOT NULL
	GENERATED ALWAYS AS (CASE WHEN kind IN ('guest', 'facts') THEN 'entra' ELSE 'slack' END) STORED;
CREATE INDEX owed_due ON owed (lane, due, nanos, kind, request);

-- How many requests there are for guests of a mail domain and of its subdomains,
-- counted in the transaction that changes it. A domain without any has no row.
CREATE TABLE domains (
	domain  text COLLATE "C" PRIMARY KEY, -- base of mail domains, in ASCII
	pending bigint NOT NULL,
	live    bigint NOT NULL,              -- inviting, invited or active
	active  bigint NOT NULL,
	past    bigint NOT NULL,

	CONSTRAINT domain_is_counted CHECK (least(pending, live, active, past) >= 0 AND active <= live)
) WITH (fillfactor = 50);

-- The requests of a domain that were decided, and when.
CREATE TABLE decisions (
	domain  text COLLATE "C" NOT NULL,
	at      timestamptz NOT NULL,
	nanos   smallint NOT NULL,            -- of at, below a microsecond
	request bigint NOT NULL,

	PRIMARY KEY (domain, at, nanos, request)
);

UPDATE head SET schema = 3;
