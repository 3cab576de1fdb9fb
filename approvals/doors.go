package approvals

import "sync"

// doors lets one run at a time look whether a person may be invited and write
// down that an invitation leaves.
type doors struct {
	mu   sync.Mutex
	busy map[string]*door
}

type door struct {
	sync.Mutex
	users int
}

// lock waits for the person's door and returns what opens it again.
func (d *doors) lock(email string) (unlock func()) {
	d.mu.Lock()
	if d.busy == nil {
		d.busy = map[string]*door{}
	}
	at := d.busy[email]
	if at == nil {
		at = &door{}
		d.busy[email] = at
	}
	at.users++
	d.mu.Unlock()
	at.Lock()
	return func() {
		at.Unlock()
		d.mu.Lock()
		defer d.mu.Unlock()
		if at.users--; at.users == 0 {
			delete(d.busy, email)
		}
	}
}
