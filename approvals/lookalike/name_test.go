package lookalike

import (
	"strings"
	"testing"
)

func TestBase(t *testing.T) {
	tests := []struct{ name, domain, want string }{
		{"a registrable domain", "contoso.com", "contoso.com"},
		{"below one", "eu.mail.contoso.co.uk", "contoso.co.uk"},
		{"any case and a dot", " Mail.Contoso.COM. ", "contoso.com"},
		{"marks", "post.Bücher.example", "xn--bcher-kva.example"},
		{"a name that was lent", "contoso.github.io", "contoso.github.io"},
		{"below a name that was lent", "docs.contoso.github.io", "contoso.github.io"},
		{"a tenant", "contoso.onmicrosoft.com", "contoso.onmicrosoft.com"},
		{"below a tenant", "eu.contoso.onmicrosoft.com", "contoso.onmicrosoft.com"},
		{"the mail of a tenant", "contoso.mail.onmicrosoft.com", "contoso.onmicrosoft.com"},
		{"a tenant with the name of mail", "mail.onmicrosoft.com", "mail.onmicrosoft.com"},
		{"a tenant of the government", "x.contoso.onmicrosoft.us", "contoso.onmicrosoft.us"},
		{"a tenant in China", "x.contoso.partner.onmschina.cn", "contoso.partner.onmschina.cn"},
		{"who lends to tenants", "onmicrosoft.com", "onmicrosoft.com"},
		{"an ending of a tenant's", "notonmicrosoft.com", "notonmicrosoft.com"},
		{"free mail", "gmail.com", "gmail.com"},
		{"the people of a provider of free mail", "corp.mail.ru", "corp.mail.ru"},
		{"a service for throw-away addresses", "x.y.mailinator.com", "mailinator.com"},
		{"a public suffix", "co.uk", "co.uk"},
		{"an address", "127.0.0.1", "127.0.0.1"},
		{"one label", "Contoso", "contoso"},
		{"no domain at all", "Contoso com/?..", "contoso com/?"},
		{"an empty label", ".onmicrosoft.com", "onmicrosoft.com"},
		{"more than a domain can have", strings.Repeat("a.", 130) + "contoso.com", strings.Repeat("a.", 130) + "contoso.com"},
		{"nothing", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Base(tt.domain); got != tt.want {
				t.Errorf("%q: %q, want %q", tt.domain, got, tt.want)
			}
		})
	}
}
