// Package pgtest starts real PostgreSQL servers for tests and benchmarks: in a
// folder of their own, reached through a socket in it, gone when the process is
// gone. No program imports it.
package pgtest
