#include "CPostgres.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

#ifdef __APPLE__
#define LIBRARY "libpq.5.dylib"
#else
#define LIBRARY "libpq.so.5"
#endif

#define FUNCTIONS(F)                                                                                                   \
    F(PQbackendPID) F(PQcancel) F(PQclear) F(PQcmdStatus) F(PQcmdTuples) F(PQconnectdb) F(PQconnectdbParams)           \
    F(PQerrorMessage) F(PQexec) F(PQexecParams) F(PQexecPrepared) F(PQfinish) F(PQfname) F(PQfreeCancel) F(PQftype)    \
    F(PQgetCancel) F(PQgetisnull) F(PQgetlength) F(PQgetvalue) F(PQnfields) F(PQntuples) F(PQprepare)  \
    F(PQresultErrorField) F(PQresultErrorMessage) F(PQresultStatus) F(PQsetNoticeProcessor) F(PQstatus)                \
    F(PQtransactionStatus)

static struct {
#define FIELD(name) __typeof__(&name) name;
    FUNCTIONS(FIELD)
} libpq;

static char problem[512];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void) {
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        snprintf(problem, sizeof problem, "%s", dlerror());
        return;
    }
#define FIND(name)                                                                                                     \
    libpq.name = (__typeof__(&name))dlsym(library, #name);                                                             \
    if (!libpq.name) snprintf(problem, sizeof problem, LIBRARY " has no function " #name);
    FUNCTIONS(FIND)
}

const char *mockforge_load_libpq(void) {
    pthread_once(&once, load);
    return problem[0] ? problem : NULL;
}

int PQbackendPID(const PGconn *conn) { return libpq.PQbackendPID(conn); }
int PQcancel(PGcancel *cancel, char *errbuf, int errbufsize) { return libpq.PQcancel(cancel, errbuf, errbufsize); }
void PQclear(PGresult *res) { libpq.PQclear(res); }
char *PQcmdStatus(PGresult *res) { return libpq.PQcmdStatus(res); }
char *PQcmdTuples(PGresult *res) { return libpq.PQcmdTuples(res); }
PGconn *PQconnectdb(const char *conninfo) { return libpq.PQconnectdb(conninfo); }
PGconn *PQconnectdbParams(const char *const *keywords, const char *const *values, int expand_dbname) {
    return libpq.PQconnectdbParams(keywords, values, expand_dbname);
}
char *PQerrorMessage(const PGconn *conn) { return libpq.PQerrorMessage(conn); }
PGresult *PQexec(PGconn *conn, const char *query) { return libpq.PQexec(conn, query); }
PGresult *PQexecParams(
    PGconn *conn, const char *command, int nParams, const Oid *paramTypes, const char *const *paramValues,
    const int *paramLengths, const int *paramFormats, int resultFormat) {
    return libpq.PQexecParams(
        conn, command, nParams, paramTypes, paramValues, paramLengths, paramFormats, resultFormat);
}
PGresult *PQexecPrepared(
    PGconn *conn, const char *stmtName, int nParams, const char *const *paramValues, const int *paramLengths,
    const int *paramFormats, int resultFormat) {
    return libpq.PQexecPrepared(conn, stmtName, nParams, paramValues, paramLengths, paramFormats, resultFormat);
}
void PQfinish(PGconn *conn) { libpq.PQfinish(conn); }
char *PQfname(const PGresult *res, int field_num) { return libpq.PQfname(res, field_num); }
void PQfreeCancel(PGcancel *cancel) { libpq.PQfreeCancel(cancel); }
Oid PQftype(const PGresult *res, int field_num) { return libpq.PQftype(res, field_num); }
PGcancel *PQgetCancel(PGconn *conn) { return libpq.PQgetCancel(conn); }
int PQgetisnull(const PGresult *res, int tup_num, int field_num) { return libpq.PQgetisnull(res, tup_num, field_num); }
int PQgetlength(const PGresult *res, int tup_num, int field_num) { return libpq.PQgetlength(res, tup_num, field_num); }
char *PQgetvalue(const PGresult *res, int tup_num, int field_num) { return libpq.PQgetvalue(res, tup_num, field_num); }
int PQnfields(const PGresult *res) { return libpq.PQnfields(res); }
int PQntuples(const PGresult *res) { return libpq.PQntuples(res); }
PGresult *PQprepare(PGconn *conn, const char *stmtName, const char *query, int nParams, const Oid *paramTypes) {
    return libpq.PQprepare(conn, stmtName, query, nParams, paramTypes);
}
char *PQresultErrorField(const PGresult *res, int fieldcode) { return libpq.PQresultErrorField(res, fieldcode); }
char *PQresultErrorMessage(const PGresult *res) { return libpq.PQresultErrorMessage(res); }
ExecStatusType PQresultStatus(const PGresult *res) { return libpq.PQresultStatus(res); }
PQnoticeProcessor PQsetNoticeProcessor(PGconn *conn, PQnoticeProcessor proc, void *arg) {
    return libpq.PQsetNoticeProcessor(conn, proc, arg);
}
ConnStatusType PQstatus(const PGconn *conn) { return libpq.PQstatus(conn); }
PGTransactionStatusType PQtransactionStatus(const PGconn *conn) { return libpq.PQtransactionStatus(conn); }
