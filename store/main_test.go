package store_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain turns the process into the writer of the crash test if it is asked to.
func TestMain(m *testing.M) {
	if path := os.Getenv(crashFile); path != "" {
		os.Exit(writeUntilKilled(path, os.Stdout))
	}
	goleak.VerifyTestMain(m)
}
