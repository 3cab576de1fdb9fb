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
	// Postpone gives work in hand back, due later, one attempt more.
	Postpone(ctx context.Context, work Owed, due time.Time) error
	// Take hands out due rows, the longest due first, each to one taker until
	// it is settled or postponed, or the process ends. next is when the earliest
	// row that was not handed out will be due, zero if there is none.
	Take(ctx context.Context, now time.Time, limit int) (rows []Owed, next time.Time, err error)
	// Woken receives a value when work became due that was not before.
	Woken() <-chan struct{}
	Reader
}

// Reader is the reading half of a Store.
type Reader interface {
	// Get returns a request, or ErrNotFound.
	Get(ctx context.Context, id RequestID) (Request, error)
	// List returns a page of requests, newest first.
	List(ctx context.Context, q Query) (Page, error)
	// Guest returns the live requests for a guest's address.
	Guest(ctx context.Context, email string) ([]Request, error)
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

// People is Slack as far as it knows people. Both calls read afresh.
type People interface {
	// Person describes somebody; ErrUnknownPerson if Slack knows nobody by that ID.
	Person(ctx context.Context, id PersonID) (Person, error)
	// Members are the user IDs in a user group; none if there is no such group.
	Members(ctx context.Context, group string) ([]string, error)
}

// Desk is what people see in Slack. Each call makes Slack match the request and
// returns what is shown now; all may be called any number of times.
type Desk interface {
	People
	Cards(ctx context.Context, r Request) ([]Posted, error)
	Direct(ctx context.Context, r Request) (Posted, []Said, error)
	// Answer tells one person in private.
	Answer(ctx context.Context, r Request, a Answer) error
}
