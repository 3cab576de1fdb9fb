// Package sandbox is a simulated Slack workspace and Entra tenant that speak the platforms' own protocols over
// loopback: the Slack Web API, Socket Mode, signed HTTP requests, the token authority and Microsoft Graph. It owns
// the people, channels, modals, guests and mails in it, keeps the platforms' limits and failures, and lets tests and
// a web page act as any person. It knows wire formats only; what an app does with them is the app's affair.
package sandbox
