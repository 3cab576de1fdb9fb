package main

import (
	"context"
	"sync"
	"time"

	"partnerbot/cmd/partnerbot/config"
	"partnerbot/store"
)

// headEvery is how often the head of the trail is logged.
const headEvery = time.Hour

// keeping is what serve does for operators and auditors beside its work: it logs
// the head of the trail, so that logs kept elsewhere prove that it was not cut
// off, and takes their commands.
type keeping struct {
	db   books
	out  outside
	stop []func()
}

// keep begins; end must be called before the store is closed.
func keep(ctx context.Context, cfg *config.Config, db books, out outside) *keeping {
	k := &keeping{db: db, out: out}
	if cfg.Keys.Empty() {
		out.log.WarnContext(ctx, "the audit trail is sealed without a key: who can write to the store could rewrite it unnoticed; "+
			"make a key with `partnerbot audit key` and set PARTNERBOT_AUDIT_KEY")
	}
	k.logHead(ctx)
	ticking, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { k.everyHour(ticking) })
	k.stop = append(k.stop, cancel, wg.Wait)
	if file, ok := db.(*store.Bolt); ok {
		c := &control{store: file, now: out.now, log: out.log}
		k.stop = append(k.stop, c.listen(context.WithoutCancel(ctx), socketOf(cfg.Store.Bolt)))
	}
	return k
}

func (k *keeping) everyHour(ctx context.Context) {
	ticker := time.NewTicker(headEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			k.logHead(ctx)
		}
	}
}

// end takes no more commands and logs the last head.
func (k *keeping) end(ctx context.Context) {
	for _, stop := range k.stop {
		stop()
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	k.logHead(last)
}

func (k *keeping) logHead(ctx context.Context) {
	head, err := headOf(ctx, k.db)
	if err != nil {
		k.out.log.WarnContext(ctx, "the head of the audit trail cannot be read", "error", err)
		return
	}
	k.out.log.InfoContext(ctx, "audit head", "head", head.String())
}
