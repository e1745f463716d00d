// Package providerhttp holds what the adapters share that call an identity
// provider or one of its APIs over HTTP.
package providerhttp
