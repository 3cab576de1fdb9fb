-- The first schema. Requests and their trail are kept as the very text that was
-- written (json, not jsonb): what is verified later, byte for byte, must be what
-- was kept. The columns beside it are what is searched for, and no more.

CREATE TABLE requests (
	number    bigint PRIMARY KEY CHECK (number > 0), -- the n of INV-n
	version   bigint NOT NULL CHECK (version >= 0),
	state     text NOT NULL,
	requester text NOT NULL,                         -- user ID
	pending   boolean NOT NULL,                      -- waits for a person
	live_key  bytea,                                 -- of live requests only
	doc       json NOT NULL,

	CONSTRAINT known_state CHECK (state IN ('pending', 'inviting', 'invited', 'active', 'ending',
		'denied', 'cancelled', 'timed out', 'ended', 'failed')),
	CONSTRAINT live_has_key CHECK ((live_key IS NOT NULL) = (state IN ('pending', 'inviting', 'invited', 'active'))),
	CONSTRAINT doc_is_of_row CHECK (doc ->> 'id' = 'INV-' || number AND doc ->> 'state' = state
		AND (doc ->> 'version')::bigint = version)
) WITH (fillfactor = 80);

CREATE UNIQUE INDEX one_live ON requests (live_key) WHERE live_key IS NOT NULL;
CREATE INDEX pending_requests ON requests (number) WHERE pending;
CREATE INDEX requests_of ON requests (requester, number);
CREATE INDEX pending_requests_of ON requests (requester, number) WHERE pending;

CREATE TABLE trail (
	request bigint NOT NULL REFERENCES requests (number),
	n       bigint GENERATED ALWAYS AS IDENTITY, -- grows within a request
	entry   json NOT NULL,

	PRIMARY KEY (request, n)
);

-- Work owed. due is cut to microseconds and nanos is the rest. A row is in hand
-- of a replica while the database's clock has not reached leased_until.
CREATE TABLE owed (
	request      bigint NOT NULL REFERENCES requests (number),
	kind         text NOT NULL,
	version      bigint NOT NULL CHECK (version >= 0),
	due          timestamptz NOT NULL,
	nanos        smallint NOT NULL CHECK (nanos BETWEEN 0 AND 999),
	attempts     integer NOT NULL CHECK (attempts >= 0),
	leased_by    text,
	leased_until timestamptz,

	PRIMARY KEY (request, kind),
	CONSTRAINT known_kind CHECK (kind IN ('cards', 'direct', 'votes', 'answers', 'guest', 'clock')),
	CONSTRAINT lease_is_whole CHECK ((leased_by IS NULL) = (leased_until IS NULL))
) WITH (fillfactor = 80);

CREATE INDEX owed_due ON owed (due, nanos, kind, request);

-- What is counted in the transaction that changes it: the last number given out,
-- and how many requests are pending.
CREATE TABLE counters (
	name text PRIMARY KEY,
	n    bigint NOT NULL CHECK (n >= 0)
) WITH (fillfactor = 10);

INSERT INTO counters VALUES ('last', 0), ('pending', 0);
