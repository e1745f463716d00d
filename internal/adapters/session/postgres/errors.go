package postgres

import (
	"errors"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"webapp/internal/adapters/session/remote"
)

var (
	errNewer   = errors.New("its tables were made by a newer version of this program: run that version, or choose another database")
	errStandby = errors.New("the server allows no writes; it may be a standby: " +
		"name the primary, or several hosts and target_session_attrs=read-write")
	errTables = errors.New("its tables cannot be created or changed")
)

// undefinedTable is a SQLSTATE. All are listed at
// https://www.postgresql.org/docs/current/errcodes-appendix.html.
const undefinedTable = "42P01"

// hasState reports whether err is an error of the server with this SQLSTATE.
func hasState(err error, state string) bool {
	var answer *pgconn.PgError
	return errors.As(err, &answer) && answer.Code == state
}

// reason returns a fixed text for err. Errors of pgx and of the server contain user,
// database and host.
func reason(err error) string {
	var answer *pgconn.PgError
	switch {
	case errors.Is(err, errNewer):
		return errNewer.Error()
	case errors.Is(err, errStandby):
		return errStandby.Error()
	case errors.As(err, &answer) && errors.Is(err, errTables):
		return errTables.Error() + ": " + answered(answer.Code)
	case answer != nil:
		return answered(answer.Code)
	}
	if network := remote.Reason(err); network != "" {
		return network
	}
	switch text := err.Error(); {
	case strings.Contains(text, "server refused TLS connection"):
		return "the server does not offer TLS, which is required for another machine: turn it on there. " +
			"In a network that nobody else can reach, write sslmode=disable"
	case strings.Contains(text, "closed pool"):
		return "the store has been closed"
	}
	return "the request failed"
}

var sqlState = regexp.MustCompile(`^[0-9A-Z]{5}$`)

// answered returns the text for an error of the server.
func answered(state string) string {
	meaning, known := map[string]string{
		"28P01": "the server refuses the user name or password",
		"28000": "the server refuses the user, or connections from this machine (pg_hba.conf)",
		"3D000": "the server has no database with that name",
		"42501": "the role lacks a required right",
		"25006": errStandby.Error(),
		"42P01": "a table is missing",
		"53100": "the server's disk is full",
		"53300": "the server has too many connections",
		"57014": "the server has cancelled the statement",
		"57P01": "the server is stopping",
		"57P02": "the server is stopping",
		"57P03": "the server is starting or stopping",
	}[state]
	if !known {
		meaning = "the server returns an error"
	}
	if !sqlState.MatchString(state) {
		return meaning
	}
	return meaning + " (SQLSTATE " + state + ")"
}
