backend one { .host = "one.example.net"; }
backend two { .host = "two.example.net"; }
