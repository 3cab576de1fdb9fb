package sandbox

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"slices"
	"sync"
	"time"
)

// What the app must present to the tenant's token authority. They are fixed so that a configuration written once keeps
// working, and worth nothing anywhere else.
const (
	TenantID     = "7e57ab1e-0000-4000-8000-000000000001"
	ClientID     = "7e57ab1e-0000-4000-8000-00000000c11e"
	ClientSecret = "sandbox-only-not-a-secret"
)

const (
	tenantName    = "Northwind"
	tenantDomain  = "northwind.example"
	initialDomain = "northwind.onmicrosoft.com"
)

// Settings are what an administrator of the tenant, or Microsoft, decides. A change counts from the next call on, also for
// tokens that are out already.
type Settings struct {
	ReplicationLag      time.Duration // how long a new user is unknown, or half known, to calls other than the invitation itself
	BlockedDomains      []string      // the deny list of the tenant's collaboration settings
	CrossTenantBlocked  []string      // domains that cross-tenant access settings shut out
	InvitationsDisabled bool          // nobody may invite, whatever AllowInvitesFrom says
	AllowInvitesFrom    string        // none | adminsAndGuestInviters | adminsGuestInvitersAndAllMembers | everyone
	VerifiedDomains     []string      // the tenant's own domains; their users are never guests
	Permissions         []string      // the application permissions that were consented to
	InvitationLimit     int           // invitations the tenant takes within five seconds
	NoThrottle          bool          // no limit at all
	TokenLifetime       time.Duration // by the tenant's clock; zero never refuses a token for its age, as that clock may be moved by days
}

func defaultTenantSettings() Settings {
	return Settings{
		AllowInvitesFrom: "everyone",
		VerifiedDomains:  []string{tenantDomain},
		Permissions: []string{
			"User.Invite.All", "User.Read.All", "GroupMember.ReadWrite.All", "Organization.Read.All", "Policy.Read.All",
		},
		InvitationLimit: 150,
	}
}

// Tenant is a simulated Microsoft Entra tenant: its directory, the slice of Microsoft Graph v1.0 that a guest-access app
// uses, the token authority in front of it, and the page where a partner redeems an invitation. It is safe for use by
// several goroutines.
type Tenant struct {
	now        func() time.Time
	changed    func()
	operations []graphOperation

	mu       sync.Mutex
	base     string // address of the world, without a slash at the end
	settings Settings
	users    []*dirUser // in the order of their creation; deleted ones stay until they are purged
	groups   []*dirGroup
	mails    []Mail
	invited  []time.Time // the invitations of the last five seconds
	faults   []*armedFault
	calls    []GraphCall
	timers   []*time.Timer
	closed   bool

	authorityCalls []GraphCall

	tokenKey  []byte // signs access tokens
	authority *http.Server
	address   string
	ca        []byte
	serving   sync.WaitGroup
}

// newTenant returns a tenant with its cast. It calls changed, without holding any lock, after every change that a person
// could see.
func newTenant(now func() time.Time, changed func()) *Tenant {
	t := &Tenant{now: now, changed: changed, settings: defaultTenantSettings(), operations: graphOperations(), tokenKey: tenantRandom(32)}
	t.seed()
	return t
}

// setBase tells the tenant the address it is reached under; redeem links and OData IDs carry it.
func (t *Tenant) setBase(url string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.base = url
}

// Env returns the environment with which azidentity finds the tenant's authority. SSL_CERT_FILE is left to the caller, who
// knows where the certificate was written.
func (t *Tenant) Env() map[string]string {
	return map[string]string{
		"AZURE_TENANT_ID":      TenantID,
		"AZURE_CLIENT_ID":      ClientID,
		"AZURE_CLIENT_SECRET":  ClientSecret,
		"AZURE_AUTHORITY_HOST": t.authorityURL(),
	}
}

// Set changes the settings. The function must not keep what it was given.
func (t *Tenant) Set(change func(*Settings)) {
	t.mu.Lock()
	change(&t.settings)
	t.mu.Unlock()
	t.changed()
}

// may tells whether the app has one of the permissions.
func (t *Tenant) may(anyOf []string) bool {
	return len(anyOf) == 0 || slices.ContainsFunc(anyOf, func(p string) bool { return slices.Contains(t.settings.Permissions, p) })
}

// changeLater announces a change that only time brings. No announcement is made after close.
func (t *Tenant) changeLater(after time.Duration) {
	if after <= 0 || t.closed {
		return
	}
	t.timers = append(t.timers, time.AfterFunc(after, t.changed))
}

func (t *Tenant) stopTimers() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	for _, timer := range t.timers {
		timer.Stop()
	}
	t.timers = nil
}

func tenantRandom(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: the runtime ends the program instead
	return b
}

// newGUID returns a random (version 4) GUID.
func newGUID() string {
	b := tenantRandom(16)
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
