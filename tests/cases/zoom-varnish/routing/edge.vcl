# Meetings go to the media routers near by, and to the backup bridges when those before them fail their probes.
vcl 4.1;

import directors;

probe alive { .url = "/health"; .interval = 1s; .window = 3; .threshold = 2; }

backend sjc1 { .host = "162.255.37.10"; .port = "8801"; .probe = alive; }
backend nyc1 { .host = "10.20.4.11"; .port = "8801"; .probe = alive; }
backend beijing { .host = "221.122.88.70"; .port = "8801"; .probe = alive; }
backend tsn1 { .host = "10.86.4.11"; .port = "8801"; .probe = alive; }

sub vcl_init {
    new media = directors.fallback();
    media.add_backend(sjc1);
    media.add_backend(nyc1);
    media.add_backend(beijing);
    media.add_backend(tsn1);
}

sub vcl_recv {
    if (req.http.host == "edge.zoom.example") {
        set req.backend_hint = media.backend();
        return (pass);
    }
    return (synth(404));
}
