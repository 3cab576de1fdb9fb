// Package store keeps requests, their audit trail and the work owed because of
// them, so that what was acknowledged outlives any crash.
//
// It owns files, indexes, transactions and the handing out of owed work. It
// decides nothing about a request: every change is a function from approvals,
// run inside the transaction that keeps its result. Bolt is the store in one
// file, for one process; Postgres is the store that several replicas share.
package store
