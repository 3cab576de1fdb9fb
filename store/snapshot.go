package store

import (
	"context"
	"errors"

	"partnerbot/approvals"
)

// Snapshot is all that a store held at one moment, for as long as the function
// that was given it runs. What it yields is valid until yield returns. An error
// of yield ends the walk and is returned.
type Snapshot interface {
	// Schema is the version of the schema that the store has.
	Schema() int
	// Last is the last number given to a request.
	Last() uint64
	// Head is the end of the trail.
	Head() Head
	// Requests yields every request as it is kept, by number.
	Requests(yield func(number uint64, doc []byte) error) error
	// Trail yields every record of the trail as it is kept, by request and then by
	// its place in the whole. Those about delegations have the number 0.
	Trail(yield func(number, n uint64, record []byte) error) error
	// Owed yields the rows of work, by request and kind.
	Owed(yield func(approvals.Owed) error) error
	// Incidents yields the incidents, by key.
	Incidents(yield func(approvals.Incident) error) error
	// Delegations yields every delegation as it is kept, by the user ID of whose right it is.
	Delegations(yield func(person string, doc []byte) error) error
}

// Archive is a store that can be read and filled as a whole.
type Archive interface {
	// Snapshot gives read what the store holds now, whatever is written meanwhile.
	Snapshot(ctx context.Context, read func(Snapshot) error) error
	// Fill makes an empty store hold what a snapshot does, all or nothing; one
	// that has ever held anything is ErrNotEmpty. progress, if any, is told now and then.
	Fill(ctx context.Context, from Snapshot, progress func(done, total uint64)) error
}

// ErrNotEmpty says that a store holds something and so cannot be filled.
var ErrNotEmpty = errors.New("the store is not empty")

// ErrNotSame says that a copy does not hold what was copied.
var ErrNotSame = errors.New("the copy is not the same")
