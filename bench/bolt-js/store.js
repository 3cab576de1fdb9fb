// What partnerbot keeps of a new request, in SQLite: the request, its uniqueness while it lives, what is owed for it and
// its audit entry, in one transaction that is on disk when it returns.
import Database from 'better-sqlite3';

const schema = `
CREATE TABLE IF NOT EXISTS requests (
  number INTEGER PRIMARY KEY, requester TEXT NOT NULL, pending INTEGER NOT NULL, doc TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS mine ON requests (requester, number);
CREATE INDEX IF NOT EXISTS pending ON requests (number) WHERE pending;
CREATE TABLE IF NOT EXISTS live (email TEXT, access TEXT, number INTEGER NOT NULL, PRIMARY KEY (email, access)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS trail (sequence INTEGER PRIMARY KEY, number INTEGER NOT NULL, entry TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS owed (
  number INTEGER, kind TEXT, version INTEGER NOT NULL, due TEXT NOT NULL, PRIMARY KEY (number, kind)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS due ON owed (due);
`;

// The access as the policy has it: every request carries its own copy.
const falcon = {
  id: 'falcon',
  title: 'Project Falcon',
  description: "The Falcon team's files, chat and planning board",
  grants: [{ group: '6f0c5a3e-0000-0000-0000-000000000001' }],
  durations: ['720h', '2160h'],
  stages: [{ name: 'Sponsor', channel: 'C0FALCON', approvers: ['S0FALCON'], quorum: 1, deadline: '120h' }],
};
const deadline = 120 * 3600 * 1000;

export function openStore(file) {
  const db = new Database(file);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.exec(schema);
  const store = {
    db,
    standing: db.prepare('SELECT number FROM live WHERE email = ? AND access = ?').pluck(),
    request: db.prepare('INSERT INTO requests (requester, pending, doc) VALUES (?, 1, ?)'),
    live: db.prepare('INSERT INTO live (email, access, number) VALUES (?, ?, ?)'),
    trail: db.prepare('INSERT INTO trail (number, entry) VALUES (?, ?)'),
    owed: db.prepare('INSERT INTO owed (number, kind, version, due) VALUES (?, ?, 1, ?)'),
    count: db.prepare('SELECT count(*) AS n FROM requests JOIN live USING (number)'),
  };
  store.submit = db.transaction((draft, at) => submit(store, draft, at));
  return store;
}

// keep returns the number of the live request that stands in the way, or nothing when the new one is on disk.
export function keep(store, draft, at) {
  return store.submit.immediate(draft, at);
}

function submit(store, draft, at) {
  const standing = store.standing.get(draft.email, draft.access);
  if (standing) return standing;
  const now = at.toISOString();
  const until = new Date(at.getTime() + deadline).toISOString();
  const { email, name, company, reason, lasts } = draft;
  const by = { team: draft.team, user: draft.requester };
  const { lastInsertRowid: number } = store.request.run(draft.requester, JSON.stringify({
    version: 1, state: 'pending', requester: by, guest: { email, name, company }, access: falcon, for: lasts, reason,
    opened: now, changed: now, stage: 0, deadline: until,
  }));
  store.live.run(email, draft.access, number);
  store.trail.run(number, JSON.stringify({ version: 1, at: now, by, event: 'opened', to: 'pending', detail: draft.access, words: `${email}: ${reason}` }));
  for (const kind of ['cards', 'direct']) store.owed.run(number, kind, now);
  store.owed.run(number, 'clock', until);
  return undefined;
}
