vcl 4.0;
import std;
backend us { .host = "10.1.0.10"; .probe = { .url = "/"; } }
backend eu { .host = "10.2.0.10"; }
backend cn { .host = "10.3.0.10"; }
backend spare { .host = "10.4.0.10"; }
backend office { .host = "10.5.0.10"; }
backend later { .host = "10.6.0.10"; }
acl staff { "192.0.2.0"/24; "198.51.100.7"; }

sub choose {
    if (req.http.X-Country-Code ~ "^(DE|FR)$") {
        set req.backend_hint = eu;
    }
}
sub vcl_recv {
    set req.backend_hint = us;
    if (req.http.CF-IPCountry == "CN") {
        set req.backend_hint = cn;
        return (pass);
    }
    call choose;
    if (client.ip ~ staff && req.http.host == "app.example.com") {
        set req.backend_hint = office;
    }
    if (!std.healthy(us)) {
        set req.backend_hint = spare;
    } else if (req.restarts > 1 || req.http.X-Force == "later") {
        set req.backend_hint = later;
    }
    if (req.method == "PURGE") {
        return (purge);
    }
}
sub vcl_backend_error {
    if (bereq.retries < 1) {
        set bereq.backend = spare;
        return (retry);
    }
}
