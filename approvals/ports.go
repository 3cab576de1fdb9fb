package approvals

import (
	"context"
	"time"
)

// Store keeps requests. Change functions may run more than once and must be
// pure; what they return is kept in one transaction, or nothing is.
type Store interface {
	// Create gives open the next free ID and the live request that has this
	// key, if any, and keeps what it returns. An ID is never used twice.
	Create(ctx context.Context, liveKey string, open func(id RequestID, live *Request) (Change, error)) (Request, error)
	// Update is the only way to change a request. A refusal or error from change keeps nothing.
	Update(ctx context.Context, id RequestID, change func(Request) (Change, error)) (Request, error)
	// Settle is Update for work in hand: it keeps the change and strikes the row
	// out, in one transaction. A row that was asked for again meanwhile stays; a
	// change that owes the row again (a later look) keeps it with its new due time.
	Settle(ctx context.Context, work Owed, change func(Request) (Change, error)) (Request, error)
	// Postpone gives work in hand back, due later, one attempt more than it says.
	Postpone(ctx context.Context, work Owed, due time.Time) error
	// Together is Update whose change also sees the guest's other live requests.
	// However many run at once, on however many replicas, each sees what those
	// before it kept.
	Together(ctx context.Context, id RequestID, change func(r Request, others []Request) (Change, error)) (Request, error)
	// Erase is Update that also erases the words of every entry that the trail
	// has of the request, and the guest from every index. What the trail proves stays provable.
	Erase(ctx context.Context, id RequestID, change func(Request) (Change, error)) (Request, error)
	// Take hands out due rows of a lane, the longest due first, each to one taker
	// until it is settled or postponed, or the process ends. It costs the rows it
	// returns, however many are due in the other lane. next is when the earliest
	// row of the lane that was not handed out will be due, zero if there is none.
	// A row that cannot be read is logged once and passed over.
	Take(ctx context.Context, now time.Time, lane Lane, limit int) (rows []Owed, next time.Time, err error)
	// Woken receives a value when work of a lane became due that was not before.
	Woken(lane Lane) <-chan struct{}
	// Incident changes the one incident of a key; change is given the zero
	// Incident with that key if there is none. One that returns the zero Incident forgets it.
	Incident(ctx context.Context, key string, change func(Incident) (Incident, error)) (Incident, error)
	// Delegate keeps what somebody made of their right to decide, instead of what they
	// made of it before, and says so in the trail.
	Delegate(ctx context.Context, d Delegation) error
	// Writable reports whether writes can be kept now. It tries if it does not know.
	Writable(ctx context.Context) error
	Reader
}

// Reader is the reading half of a Store.
type Reader interface {
	// Get returns a request, or ErrNotFound.
	Get(ctx context.Context, id RequestID) (Request, error)
	// List returns a page of requests, newest first.
	List(ctx context.Context, q Query) (Page, error)
	// Guest returns the live requests for a guest's address, newest first.
	Guest(ctx context.Context, email string) ([]Request, error)
	// History returns all requests for a guest's address, whatever became of
	// them, newest first.
	History(ctx context.Context, email string) ([]Request, error)
	// Incidents returns every incident that is kept, by key.
	Incidents(ctx context.Context) ([]Incident, error)
	// Domain counts the requests for guests of a mail domain and of all others that
	// have the same BaseDomain.
	Domain(ctx context.Context, domain string) (DomainCount, error)
	// Delegations are all that were ever made and not replaced, by whose right they give.
	Delegations(ctx context.Context) ([]Delegation, error)
	// Trail returns the audit entries of a request, oldest first.
	Trail(ctx context.Context, id RequestID) ([]Entry, error)
}

// Query asks for a page. Pages are cut by request number, so they cost the same
// anywhere in the list and do not shift while it grows.
type Query struct {
	Pending   bool     // only those that wait for a person (Waits)
	Requester PersonID // only this person's, if set
	Before    uint64   // older than this number; 0: from the newest
	After     uint64   // newer than this number; takes precedence over Before
	Limit     int
}

// Page is one page of a list, newest first.
type Page struct {
	Requests     []Request
	Newer, Older bool // whether there is more in that direction
	Total        int  // in the whole list, where the store counts it (pending); else -1
}

// Tenant is Entra, one call a method. Errors are *Trouble where the cause is known.
type Tenant interface {
	// Find looks for an account by e-mail address; ok is false if there is none.
	Find(ctx context.Context, email string) (acc Found, ok bool, err error)
	// Invite sends one invitation. An error of kind Unsure may have invited.
	Invite(ctx context.Context, g Guest) (Invitation, error)
	// Manager is the e-mail address of somebody's manager; ok is false if there is none.
	Manager(ctx context.Context, email string) (manager string, ok bool, err error)
	// Facts says what the tenant knows of a guest who may not be in it, and, of a
	// domain if one is given, how many guests it has. It changes nothing.
	Facts(ctx context.Context, email, domain string) (TenantFacts, error)
	// Look returns the account's present state.
	Look(ctx context.Context, accountID string) (Found, error)
	// Grant gives a right; giving it twice is success.
	Grant(ctx context.Context, accountID string, g Grant) error
	// TakeBack takes a right away; taking what is gone is success.
	TakeBack(ctx context.Context, accountID string, g Grant) error
}

// Found is an account as Entra describes it.
type Found struct {
	ID       string
	Name     string
	Guest    bool      // userType Guest
	Pending  bool      // invited, not redeemed
	Joined   time.Time // of the redemption, if known
	Disabled bool      // accountEnabled is false
	Link     string    // where this guest redeems, or signs in, without a ticket of ours
}

// Invitation is Entra's answer to an invitation.
type Invitation struct {
	AccountID string
	Link      string // the redeem link, a secret
}

// People is Slack as far as it knows people. All calls read afresh.
type People interface {
	// Person describes somebody; ErrUnknownPerson if Slack knows nobody by that ID.
	Person(ctx context.Context, id PersonID) (Person, error)
	// Members are the user IDs in a user group; none if there is no such group.
	Members(ctx context.Context, group string) ([]string, error)
	// ByEmail describes the person of an e-mail address; ErrUnknownPerson if there is
	// none. An address is a way to look somebody up, and proves nothing.
	ByEmail(ctx context.Context, email string) (Person, error)
}

// Desk is what people see in Slack. Each call makes Slack match the request and
// returns what is shown now; all may be called any number of times.
//
// Note is called before a message is posted, so that one whose answer is lost
// can be looked for before it is posted again.
type Desk interface {
	People
	Cards(ctx context.Context, r Request, note Note) ([]Posted, error)
	Direct(ctx context.Context, r Request, note Note) (Posted, []Said, error)
	// Thread says under the cards what Calls of the request are unsaid, and returns
	// all that are said now, by Call.Name.
	Thread(ctx context.Context, r Request, note Note) ([]Said, error)
	// Failure shows every admin that a request failed, and what became of it.
	Failure(ctx context.Context, r Request, note Note) ([]Posted, error)
	// Incident shows every admin an incident, and its end.
	Incident(ctx context.Context, i Incident, note Note) ([]Posted, error)
	// Answer tells one person in private.
	Answer(ctx context.Context, r Request, a Answer) error
}

// Note writes down that the message of a name is about to be posted. It returns
// when that was written down before, zero if never: the message may be there
// already. Nothing may be posted if it fails.
type Note func(ctx context.Context, name string) (before time.Time, err error)
