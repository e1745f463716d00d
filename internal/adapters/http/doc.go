// Package http is the way in for browsers: routes, pages, the one table that
// turns errors into answers, and the server around them.
//
// Handlers return an error and write nothing before they know that they will
// succeed. What a person reads is constant text that package pages has, never an
// error's own words.
package http
