package store_test

import (
	"testing"
	"time"

	"partnerbot/store"
	"partnerbot/store/pgtest"
)

// brittle are options under which every question after a write is answered by a new one.
var brittle = store.PostgresOptions{Quiet: time.Nanosecond}

func TestADatabaseThatTakesNoWritesSaysWhy(t *testing.T) {
	for _, tt := range []struct {
		name       string
		make, mend string
		want       error
	}{
		{"read only", `ALTER ROLE partnerbot SET default_transaction_read_only = on`, `BEGIN READ WRITE; ALTER ROLE partnerbot RESET default_transaction_read_only; COMMIT`, store.ErrReadOnly},
		{
			"a full disk",
			`CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
				CREATE TRIGGER full_disk BEFORE UPDATE ON head EXECUTE FUNCTION full_disk()`,
			`DROP TRIGGER full_disk ON head`, store.ErrNoRoom,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			address := pgtest.Own(t, pgtest.Options{}).Empty(t)
			s := openReplica(t, address, store.PostgresOptions{})
			r := create(t, s, "jane@acme.example")
			must(t, s.Writable(t.Context()))
			pgtest.Exec(t, address, tt.make, `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'partnerbot'`)
			_, err := s.Update(t.Context(), r.ID, next())
			refusedWith(t, err, tt.want)
			refusedWith(t, s.Writable(t.Context()), tt.want)
			get(t, s, r.ID)
			pgtest.Exec(t, address, tt.mend, `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'partnerbot'`)
			must(t, s.Writable(t.Context()))
			update(t, s, r.ID)
		})
	}
}

// TestAskingChangesNothing looks at what a company sees of being asked.
func TestAskingChangesNothing(t *testing.T) {
	s := openReplica(t, pgURL(t), brittle)
	ask(t, s, "jane@acme.example", "falcon")
	before := verified(t, s, store.Keys{})
	for range 5 {
		must(t, s.Writable(t.Context()))
	}
	equal(t, "the trail", verified(t, s, store.Keys{}), before)
}
