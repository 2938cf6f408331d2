window.YTD.tweets.part0 = [
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2095388318686916635"
          ],
          "editsRemaining": "5"
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://example.com\" rel=\"nofollow\">Sample app</a>",
      "favorite_count": "8",
      "id": "2095388318686916635",
      "id_str": "2095388318686916635",
      "created_at": "Thu Sep 03 05:48:00 +0000 2026",
      "full_text": "A sample, number 635: nothing is said here …",
      "lang": "en"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "1508231988406259753"
          ],
          "editsRemaining": "5"
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://example.com\" rel=\"nofollow\">Sample app</a>",
      "favorite_count": "10",
      "id": "1508231988406259753",
      "id_str": "1508231988406259753",
      "created_at": "Sun Mar 27 23:58:22 +0000 2022",
      "full_text": "A sample, number 753: nothing is said here …",
      "lang": "ja"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2110781931327344673"
          ],
          "editsRemaining": "5"
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://example.com\" rel=\"nofollow\">Sample app</a>",
      "favorite_count": "2",
      "id": "2110781931327344673",
      "id_str": "2110781931327344673",
      "created_at": "Thu Oct 15 17:16:43 +0000 2026",
      "full_text": "A sample, number 673: nothing is said here …",
      "lang": "ja"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2119356928727691271"
          ],
          "editsRemaining": "5"
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://example.com\" rel=\"nofollow\">Sample app</a>",
      "favorite_count": "3",
      "id": "2119356928727691271",
      "id_str": "2119356928727691271",
      "created_at": "Sun Nov 08 09:10:42 +0000 2026",
      "full_text": "A sample, number 271: nothing is said here …",
      "lang": "de"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2112397239750336512"
          ],
          "editsRemaining": "5"
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://example.com\" rel=\"nofollow\">Sample app</a>",
      "favorite_count": "6",
      "id": "2112397239750336512",
      "id_str": "2112397239750336512",
      "created_at": "Tue Oct 20 04:15:23 +0000 2026",
      "full_text": "A sample, number 512: nothing is said here …",
      "lang": "pt"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "1642921184814489612"
          ],
          "editsRemaining": "5"
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://example.com\" rel=\"nofollow\">Sample app</a>",
      "favorite_count": "10",
      "id": "1642921184814489612",
      "id_str": "1642921184814489612",
      "created_at": "Mon Apr 03 16:05:09 +0000 2023",
      "full_text": "A sample, number 612: nothing is said here …",
      "lang": "pt"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2098623426730475536"
          ],
          "editsRemaining": "5"
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://example.com\" rel=\"nofollow\">Sample app</a>",
      "favorite_count": "1",
      "id": "2098623426730475536",
      "id_str": "2098623426730475536",
      "created_at": "Sat Sep 12 04:03:10 +0000 2026",
      "full_text": "A sample, number 536: nothing is said here …",
      "lang": "de"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "1102288885164515348"
          ],
          "editsRemaining": "5"
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://example.com\" rel=\"nofollow\">Sample app</a>",
      "favorite_count": "3",
      "id": "1102288885164515348",
      "id_str": "1102288885164515348",
      "created_at": "Sun Mar 03 19:25:24 +0000 2019",
      "full_text": "A sample, number 348: nothing is said here …",
      "lang": "ja"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2123340226789568546"
          ],
          "editsRemaining": "5"
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://example.com\" rel=\"nofollow\">Sample app</a>",
      "favorite_count": "1",
      "id": "2123340226789568546",
      "id_str": "2123340226789568546",
      "created_at": "Thu Nov 19 08:58:54 +0000 2026",
      "full_text": "A sample, number 546: nothing is said here …",
      "lang": "de"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2113065910185381933"
          ],
          "editsRemaining": "5"
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://example.com\" rel=\"nofollow\">Sample app</a>",
      "favorite_count": "1",
      "id": "2113065910185381933",
      "id_str": "2113065910185381933",
      "created_at": "Thu Oct 22 00:32:26 +0000 2026",
      "full_text": "A sample, number 933: nothing is said here …",
      "lang": "ja"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2110668718392832029"
          ],
          "editsRemaining": "5"
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://example.com\" rel=\"nofollow\">Sample app</a>",
      "favorite_count": "3",
      "id": "2110668718392832029",
      "id_str": "2110668718392832029",
      "created_at": "Thu Oct 15 09:46:51 +0000 2026",
      "full_text": "A sample, number 29: nothing is said here …",
      "lang": "fr"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2096222095164280877"
          ],
          "editsRemaining": "5"
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://example.com\" rel=\"nofollow\">Sample app</a>",
      "favorite_count": "2",
      "id": "2096222095164280877",
      "id_str": "2096222095164280877",
      "created_at": "Sat Sep 05 13:01:08 +0000 2026",
      "full_text": "A sample, number 877: nothing is said here …",
      "lang": "pt"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2100376666895716399"
          ],
          "editsRemaining": "5"
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://example.com\" rel=\"nofollow\">Sample app</a>",
      "favorite_count": "3",
      "id": "2100376666895716399",
      "id_str": "2100376666895716399",
      "created_at": "Thu Sep 17 00:09:55 +0000 2026",
      "full_text": "A sample, number 399: nothing is said here …",
      "lang": "fr"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2092350684594962477"
          ],
          "editsRemaining": "5"
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://example.com\" rel=\"nofollow\">Sample app</a>",
      "favorite_count": "4",
      "id": "2092350684594962477",
      "id_str": "2092350684594962477",
      "created_at": "Tue Aug 25 20:37:31 +0000 2026",
      "full_text": "A sample, number 477: nothing is said here …",
      "lang": "pt"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "1468835178160148489"
          ],
          "editsRemaining": "5"
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://example.com\" rel=\"nofollow\">Sample app</a>",
      "favorite_count": "9",
      "id": "1468835178160148489",
      "id_str": "1468835178160148489",
      "created_at": "Thu Dec 09 06:49:30 +0000 2021",
      "full_text": "A sample, number 489: nothing is said here …",
      "lang": "fr"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2094917453276774430"
          ],
          "editsRemaining": "5"
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://example.com\" rel=\"nofollow\">Sample app</a>",
      "favorite_count": "7",
      "id": "2094917453276774430",
      "id_str": "2094917453276774430",
      "created_at": "Tue Sep 01 22:36:57 +0000 2026",
      "full_text": "A sample, number 430: nothing is said here …",
      "lang": "en"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2110038561600798748"
          ],
          "editsRemaining": "5"
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://example.com\" rel=\"nofollow\">Sample app</a>",
      "favorite_count": "7",
      "id": "2110038561600798748",
      "id_str": "2110038561600798748",
      "created_at": "Tue Oct 13 16:02:50 +0000 2026",
      "full_text": "A sample, number 748: nothing is said here …",
      "lang": "ja"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "1322778865970958381"
          ],
          "editsRemaining": "5"
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://example.com\" rel=\"nofollow\">Sample app</a>",
      "favorite_count": "7",
      "id": "1322778865970958381",
      "id_str": "1322778865970958381",
      "created_at": "Sun Nov 01 05:53:52 +0000 2020",
      "full_text": "A sample, number 381: nothing is said here …",
      "lang": "de"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "2122350422262190102"
          ],
          "editsRemaining": "5"
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://example.com\" rel=\"nofollow\">Sample app</a>",
      "favorite_count": "4",
      "id": "2122350422262190102",
      "id_str": "2122350422262190102",
      "created_at": "Mon Nov 16 15:25:46 +0000 2026",
      "full_text": "A sample, number 102: nothing is said here …",
      "lang": "pt"
    }
  },
  {
    "tweet": {
      "edit_info": {
        "initial": {
          "editTweetIds": [
            "1330876448517816355"
          ],
          "editsRemaining": "5"
        }
      },
      "retweeted": false,
      "source": "<a href=\"https://example.com\" rel=\"nofollow\">Sample app</a>",
      "favorite_count": "1",
      "id": "1330876448517816355",
      "id_str": "1330876448517816355",
      "created_at": "Mon Nov 23 14:10:46 +0000 2020",
      "full_text": "A sample, number 355: nothing is said here …",
      "lang": "en"
    }
  }
]