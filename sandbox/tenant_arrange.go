package sandbox

import (
	"fmt"
	"strings"
	"time"
)

// arrange changes the directory without Graph, as whoever sets the scene.
func (t *Tenant) arrange(change func() error) error {
	t.mu.Lock()
	err := change()
	t.mu.Unlock()
	if err == nil {
		t.changed()
	}
	return err
}

// AddGuest puts a guest into the directory who was invited at a time in the past, and who has joined or not. Somebody
// who is there already is an error.
func (t *Tenant) AddGuest(mail, name string, invited time.Time, joined bool) error {
	return t.arrange(func() error {
		if t.named(mail) != nil {
			return fmt.Errorf("the tenant knows %s already", mail)
		}
		if u := t.addGuest(mail, name, invited); joined {
			u.setState(accepted, invited.Add(time.Hour))
		}
		return nil
	})
}

// SetManager makes one person the manager of another, both by mail address; "" leaves the person without.
func (t *Tenant) SetManager(mail, manager string) error {
	return t.arrange(func() error {
		u, m := t.named(mail), t.named(manager)
		switch {
		case u == nil:
			return fmt.Errorf("there is no %s in the tenant", mail)
		case manager == "":
			u.manager = ""
		case m == nil:
			return fmt.Errorf("there is no %s in the tenant", manager)
		default:
			u.manager = m.id()
		}
		return nil
	})
}

// SetEnabled blocks somebody's sign-in, or allows it again.
func (t *Tenant) SetEnabled(mail string, enabled bool) error {
	return t.arrange(func() error {
		u := t.named(mail)
		if u == nil {
			return fmt.Errorf("there is no %s in the tenant", mail)
		}
		u.props["accountEnabled"] = enabled
		return nil
	})
}

// named is the live user with the mail address.
func (t *Tenant) named(mail string) *dirUser {
	return t.findUser(func(u *dirUser) bool { return mail != "" && strings.EqualFold(u.mail(), mail) })
}
